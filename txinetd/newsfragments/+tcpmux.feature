The internal service ``tcpmux`` (RFC 1078) passes connections on to services without a socket of their own, by those services' rules, limits and users.
