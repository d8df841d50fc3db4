"""
What becomes of an arrival once the gate has let it in: a child for each
connection, one child that takes the socket, or a protocol in this process.
"""
