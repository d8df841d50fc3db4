The internal service ``auth`` (RFC 1413) tells whose a connection is, with the options of FreeBSD's.
