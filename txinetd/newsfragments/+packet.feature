The internal services that say one thing and close (``daytime``, ``time``) say it and close in one packet: a tenth more connections a second.
