"""
Tests for the plugin: what it is called and whose it is.
"""

from __future__ import annotations

import subprocess
import sys

from twisted.application.service import IServiceMaker
from twisted.plugin import IPlugin
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from twisted.plugins import txinetd_plugin

#: Looks for all plugins, as twistd (which takes the first of a name) and twist
#: (which takes the last) do.
DISCOVER = """\
import sys
from twisted.application.service import IServiceMaker
from twisted.plugin import getPlugins
plugins = list(getPlugins(IServiceMaker))
found = [(plugin.tapname, plugin.module) for plugin in plugins]
"""


def discovered(expression: str) -> str:
    """
    What a fresh process finds.

    @param expression: about C{found}, the names and modules of all plugins in
        their order.
    """
    done = subprocess.run(
        [sys.executable, "-c", f"{DISCOVER}print({expression})"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


class MakerTests(SynchronousTestCase):
    """
    Tests for the service makers.
    """

    def test_interfaces(self) -> None:
        """
        Each is a plugin and makes services.
        """
        for maker in (txinetd_plugin.inetd, txinetd_plugin.txinetd):
            verifyObject(IPlugin, maker)
            verifyObject(IServiceMaker, maker)

    def test_options(self) -> None:
        """
        Their options are those of this project.
        """
        from txinetd.tap import Options

        self.assertIs(txinetd_plugin.inetd.options, Options)
        self.assertIs(txinetd_plugin.txinetd.options, Options)


class DiscoveryTests(SynchronousTestCase):
    """
    Tests for what a process finds that looks for plugins.
    """

    def test_inetd(self) -> None:
        """
        One plugin alone is called C{inetd}, so it matters to nobody whether the
        first or the last one wins.
        """
        self.assertEqual(
            discovered("[m for name, m in found if name == 'inetd']"), "['txinetd.tap']"
        )

    def test_txinetd(self) -> None:
        """
        It is called C{txinetd} as well.
        """
        self.assertEqual(
            discovered("[m for name, m in found if name == 'txinetd']"), "['txinetd.tap']"
        )

    def test_twistedsOwn(self) -> None:
        """
        Twisted's own is still there under another name.
        """
        self.assertEqual(
            discovered("[m for name, m in found if name == 'twisted-inetd']"),
            "['twisted.runner.inetdtap']",
        )

    def test_light(self) -> None:
        """
        To find it imports neither the command line nor a reactor.
        """
        self.assertEqual(
            discovered(
                "[m for m in ('txinetd.tap', 'txinetd.server', 'twisted.internet.reactor')"
                " if m in sys.modules]"
            ),
            "[]",
        )
