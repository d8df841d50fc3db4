The internal services ``services``, ``servers`` and ``xadmin`` tell clients on the same machine what is served and what runs.
