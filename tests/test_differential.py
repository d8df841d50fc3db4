"""
Tests for L{tests.differential}: that it sees what is different, and that what is different is
in the documentation.
"""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.differential.comparing import COLUMNS, compare, table
from tests.differential.probing import Seen, Socket
from tests.differential.reasons import REASONS, explain
from tests.differential.rewriting import Sandbox, rewrite

ROOT = Path(__file__).parents[1]


def seen() -> Seen:
    """
    What may be seen of a service.
    """
    key = ("tcp/7", "127.0.0.1")
    report = {
        "argv": ["cat", "-u"],
        "fd": ["0:socket"],
        "id": ["uid:1:1"],
        "environment": ["A=1"],
        "limit": ["nice:0"],
    }
    log = ["26/1/2@03:04:05: START: echo pid=12 from=127.0.0.1"]
    return Seen([Socket("tcp", 7, "::")], {key: "b'stub'"}, {key: report}, log)


class CompareTests(SynchronousTestCase):
    """
    Tests for L{compare}.
    """

    def test_same(self) -> None:
        """
        What is alike but for process ids and times is the same.
        """
        other = seen()
        other.log = ["27/11/2@13:04:05: START: echo pid=13 from=127.0.0.1"]
        row = compare("x", "", seen(), other)
        self.assertEqual((row.cells, row.details, row.served), (("=",) * 8, (), True))
        self.assertEqual(table([row]).split(), ["file", *COLUMNS, "x", *row.cells])

    def test_different(self) -> None:
        """
        Whatever else is not alike is seen in its column, and nowhere else.
        """
        (key,) = seen().reports
        for column, kind in COLUMNS.items():
            other = seen()
            if kind:
                other.reports[key] = {**other.reports[key], kind: ["something else"]}
            elif column == "ports":
                other.sockets.append(Socket("tcp", 8, "::"))
            elif column == "refusals":
                other.answers[key] = "b''"
            else:
                other.log = []
            row = compare("x", "", seen(), other)
            wrong = [name for name, cell in zip(COLUMNS, row.cells, strict=True) if cell == "!"]
            self.assertEqual((wrong, row.explained), ([column], False))
            self.assertTrue(row.details)

    def test_order(self) -> None:
        """
        The words of a command line have an order.
        """
        (key,) = seen().reports
        other = seen()
        other.reports[key]["argv"] = ["-u", "cat"]
        self.assertFalse(compare("x", "", seen(), other).explained)


class ReasonTests(SynchronousTestCase):
    """
    Tests for the table of reasons.
    """

    def test_columns(self) -> None:
        """
        Each reason is for columns that there are.
        """
        for reason in REASONS:
            self.assertLessEqual(set(reason.alike), set(COLUMNS))

    def test_notMore(self) -> None:
        """
        A reason explains what it is about, and nothing else.
        """
        for column, theirs, ours, alike in (
            ("environment", {"t s REMOTE_HOST=::ffff:192.0.2.1"}, {"t s REMOTE_HOST=192.0.2.1"}, 1),
            ("environment", {"t s REMOTE_HOST=::ffff:192.0.2.1"}, {"t s REMOTE_HOST=192.0.2.2"}, 0),
            ("environment", set(), {"t s PROTO=TCP"}, 1),
            ("environment", {"t s PROTO=TCP"}, set(), 0),
            ("limits", {"t s files:9:9"}, {"t s files:5:9"}, 1),
            ("limits", {"t s files:9:9"}, {"t s files:5:8"}, 0),
            ("limits", {"t s cpu:-1:-1"}, {"t s cpu:5:5"}, 0),
            ("ids", {"t s gid:5:5"}, {"t s gid:5:5", "t s group:5"}, 1),
            ("ids", {"t s gid:5:5"}, {"t s gid:5:5", "t s group:6"}, 0),
            ("ids", {"t s uid:5:5"}, {"t s uid:0:0"}, 0),
            ("refusals", {"tcp/7 127.0.0.1 b''"}, {"tcp/7 127.0.0.1 b'stub'"}, 0),
            ("refusals", {"udp/7 203.0.113.9 silence"}, {"udp/7 203.0.113.9 b'x'"}, 1),
            ("log", {"FAIL: a address x1", "START: a pid=# x1"}, {"FAIL: a address x1"}, 1),
            ("log", {"START: a pid=# x1"}, {"FAIL: a address x1"}, 0),
            ("log", {"START: a pid=# x2"}, {"START: a pid=# x1"}, 0),
            ("ports", {"tcp/7 ::"}, set(), 0),
        ):
            _, one, other = explain(column, "", frozenset(theirs), frozenset(ours))
            self.assertEqual(one == other, bool(alike), (column, theirs, ours))

    def test_documented(self) -> None:
        """
        The documentation has the reasons, in their order.
        """
        page = (ROOT / "docs" / "xinetd.rst").read_text()
        listed = re.findall(r"^#\. (.*(?:\n   .*)*)", page, re.MULTILINE)
        self.assertEqual(
            [" ".join(each.split()).replace("``", "") for each in listed],
            [reason.text for reason in REASONS],
        )


class RewriteTests(SynchronousTestCase):
    """
    Tests for L{rewrite}.
    """

    def setUp(self) -> None:
        place = Path(self.mktemp())
        place.mkdir()
        stub = place / "stub"
        stub.write_text("stub")
        self.sandbox = Sandbox(place.resolve(), stub)
        self.sandbox.make()

    def test_rewritten(self) -> None:
        """
        Programs, users, logs and addresses become ones that there are here, and what is
        switched off is on; all else stays as it is.
        """
        text = (
            "defaults\n{\n\tlog_type = SYSLOG authpriv\n\tcps = 1 2\n}\n"
            "service a\n{\n# server = /x\n\tserver = /usr/sbin/no-such\n\tuser = no-such\n"
            "\tdisable = yes\n\tbind = 192.0.2.1\n\tonly_from = 10.0.0.0 192.0.2.7 x\n"
            "\tserver_args = /usr/sbin/x -a\n}\nincludedir /etc/xinetd.d\n"
        )
        made = rewrite(text, self.sandbox)
        place = self.sandbox.directory
        self.assertEqual(
            made.text,
            f"defaults\n{{\n\tlog_on_success = PID HOST EXIT DURATION\n"
            f"\tlog_on_failure = HOST ATTEMPT\n\tlog_type = FILE {place}/services.log\n"
            f"\tcps = 1 2\n}}\nservice a\n{{\n# server = /x\n\tserver = {place}/bin/no-such\n"
            "\tuser = nobody\n\tdisable = no\n\tbind = 192.0.2.1\n"
            "\tonly_from = 10.0.0.0 192.0.2.7 x\n\tserver_args = /usr/sbin/x -a\n}\n"
            f"includedir {place}/empty\n",
        )
        self.assertEqual(made.sources[-2:], ["10.0.0.1", "192.0.2.7"])
        self.assertIn("192.0.2.1", made.addresses)
        self.assertEqual((place / "bin" / "no-such").read_text(), "stub")
