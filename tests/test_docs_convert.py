"""
Tests for the page on conversion: what it says is so, and what there is it names.
"""

from __future__ import annotations

import re

from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import configure
from tests.test_docs import ROOT, blocks, page
from txinetd.config.systemd.tables import LIMITS
from txinetd.convert import convert


def assignments(text: str) -> list[str]:
    """
    The lines of a unit that are no comments, and not blank.
    """
    return [line for line in text.splitlines() if line and not line.startswith("#")]


class PageTests(SynchronousTestCase):
    """
    Tests for F{docs/convert.rst}.
    """

    def test_example(self) -> None:
        """
        The example becomes the units that are shown, with nothing lost.
        """
        made = convert(configure(blocks("convert.rst", "text")[0]), "systemd")
        codes = {each.code for each in made.diagnostics}
        self.assertFalse(codes & {"left-out", "protection-lost", "not-carried-over"}, codes)
        self.assertEqual(
            list(made.files),
            [
                "inetd-telnet.socket",
                "inetd-telnet@.service",
                "inetd-tftp.socket",
                "inetd-tftp.service",
            ],
        )
        shown = blocks("convert.rst", "ini")
        for name, text in zip(made.files, shown, strict=False):
            self.assertEqual(assignments(made.files[name]), assignments(text))
        self.assertIn("Accept=no", assignments(made.files["inetd-tftp.socket"]))

    def test_settings(self) -> None:
        """
        It names every setting that is carried out, and no other.
        """
        text = page("convert.rst").partition("Carried out are:\n")[2].partition("\nSystemd's")[0]
        named = set(re.findall(r"``([A-Z][A-Za-z0-9]+)``", text))
        used: set[str] = set()
        for path in (ROOT / "txinetd" / "config" / "systemd").glob("*.py"):
            source = path.read_text()
            for match in re.findall(
                r'(?:_SECTION|"Socket"|"Service"), "([A-Z]\w+)"', source
            ) + re.findall(r'_(?:path|device|capabilities|rules)\(scope, "([A-Z]\w+)"', source):
                used.add(match)
            used |= set(re.findall(r'"(Listen\w+|Standard\w+)"', source))
        used |= {"ExecStart"}
        self.assertEqual(named, used - set(LIMITS))

    def test_diagnostics(self) -> None:
        """
        Its table has every diagnostic of units, and none that there is not.
        """
        listed = re.findall(r"^``([a-z-]+)``  ", page("convert.rst"), re.MULTILINE)
        paths = (ROOT / "txinetd" / "config" / "systemd").glob("*.py")
        text = "".join(path.read_text() for path in paths)
        used = set(re.findall(r'"([a-z]+(?:-[a-z]+)+|streams|template|unjudged)"', text))
        used -= {"best-effort", "link-local", "ipv6-only", "notify-reload"}
        self.assertEqual(sorted(listed), sorted(used))
        kinds = set(re.findall(r"^``([a-z-]+)``$", page("convert.rst"), re.MULTILINE))
        source = (ROOT / "txinetd" / "convert" / "command.py").read_text()
        self.assertEqual(kinds, set(re.findall(r'Grade\.\w+: "([a-z-]+)"', source)))
