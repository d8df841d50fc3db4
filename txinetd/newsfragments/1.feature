Serve the services of an inetd.conf: ``twistd inetd -f /etc/inetd.conf``.
