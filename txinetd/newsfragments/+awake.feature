A client that makes one connection after the other waits a quarter less for each: the daemon stays awake for the next, a millisecond at most and only while the reactor has nothing else to do.
