``SIGQUIT`` stops at once and leaves servers running; ``SIGIO``, and ``InetdService.check()``, look whether sockets, servers and counts are as they have to be.
