Entries of keys and values, as NetBSD has them, can say everything there is to say about a service: limits, rules, what a program is kept in, socket options; ``--dump`` writes what reads back.
