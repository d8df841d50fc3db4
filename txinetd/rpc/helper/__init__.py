"""
What the process that talks to rpcbind(8) runs: the standard library and libtirpc.

The modules here are imported by it without the rest of txinetd, and must not import
any of it.
"""
