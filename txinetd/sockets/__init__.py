"""
Sockets: made from a spec, watched by the reactor, and looked into.
"""
