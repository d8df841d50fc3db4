"""
What a launcher runs: the standard library alone, and little of that.

A launcher is a small process that already is whom its servers are to be.  The
modules here are imported by it without the rest of txinetd, and must not import
any of it.
"""
