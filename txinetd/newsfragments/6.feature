Files of xinetd are read as they are: ``twistd inetd -f /etc/xinetd.conf``, with every attribute of xinetd.conf(5) and txinetd's own settings in the same syntax.
--convert writes the services of any configuration as one file for txinetd or as units of systemd, saying what is lost, and -f systemd: reads such units.
