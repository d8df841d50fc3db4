An identd is asked whose a connection is (RFC 1413) where a service wants ``USERID`` recorded, and with ``flags = IDONLY`` or ``identified = yes`` only who is named is let in.
