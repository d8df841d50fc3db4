# -*- test-case-name: tests.test_plugin -*-
"""
Gives C{twistd} and C{twist} the commands C{inetd} and C{txinetd}.

The names defined here are remembered in dropin.cache files: they must not
change.
"""

from twisted.application.service import ServiceMaker

try:
    # The module, not the name in it: what is bound here would be ours.
    from twisted.plugins import twisted_inet
except ImportError:
    pass
else:
    # Twisted's own plugin claims the name "inetd", and which of two claimants
    # wins depends on the command and on a cache.  So it gets another name.
    # This changes somebody else's object, and knowingly.
    twisted_inet.TwistedINETD.tapname = "twisted-inetd"

_DESCRIPTION = "An internet super-server: serves inetd.conf(5) files."

inetd = ServiceMaker("txinetd as inetd", "txinetd.tap", _DESCRIPTION, "inetd")
txinetd = ServiceMaker("txinetd", "txinetd.tap", _DESCRIPTION, "txinetd")
