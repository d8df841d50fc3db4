Files of xinetd are read as they are: ``twistd inetd -f /etc/xinetd.conf``, with every attribute of xinetd.conf(5) and txinetd's own settings in the same syntax.
