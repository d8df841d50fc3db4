``--at-reload end``, and ``InetdService(endGone=...)``, end the servers of services that a reload finds gone, as xinetd does, but with SIGTERM first.
