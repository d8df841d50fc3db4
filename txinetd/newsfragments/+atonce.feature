The internal echo serves a client that has said everything as soon as it is accepted, and daytime and time make their answer once for each second.
