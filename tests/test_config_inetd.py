"""
Tests for L{txinetd.config.inetd}: what each form of a line means, and what is said
about each mistake.
"""

from __future__ import annotations

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import OPTIONS, asUser, codes, configure, diagnostics, service
from txinetd.config import dumpConfiguration
from txinetd.errors import Severity
from txinetd.spec import Builtin, InetAddress, Limits, Program, SocketType, UnixAddress


def addresses(text: str) -> list[str]:
    """
    What the only service of a line binds.
    """
    return [str(address) for address in service(text).addresses]


class AddressTests(SynchronousTestCase):
    """
    Tests for the first field.
    """

    def bound(self, field: str, protocol: str = "tcp") -> list[str]:
        """
        What a first field binds.
        """
        kind = "stream" if protocol.startswith("tcp") else "dgram"
        return addresses(f"{field} {kind} {protocol} wait root /bin/cat cat\n")

    def test_name(self) -> None:
        """
        A name is looked up for the protocol, and both families are bound.
        """
        self.assertEqual(self.bound("ftp"), ["0.0.0.0:21", "[::]:21"])
        self.assertEqual(self.bound("tftp", "udp"), ["0.0.0.0:69", "[::]:69"])

    def test_alias(self) -> None:
        """
        An alias is as good as a name.
        """
        self.assertEqual(self.bound("sink"), ["0.0.0.0:9", "[::]:9"])

    def test_number(self) -> None:
        """
        A port is a port.
        """
        self.assertEqual(self.bound("8080", "tcp4"), ["0.0.0.0:8080"])

    def test_families(self) -> None:
        """
        The protocol says which families, and whether one socket takes both.
        """
        self.assertEqual(self.bound("7", "tcp4"), ["0.0.0.0:7"])
        self.assertEqual(self.bound("7", "tcp6"), ["[::]:7"])
        spec = service("7 stream tcp46 nowait root /bin/cat cat\n")
        self.assertEqual(spec.addresses, (InetAddress("::", 7, dualStack=True),))

    def test_noIPv6(self) -> None:
        """
        Where there is no IPv6, both families are IPv4.
        """
        options = attrs.evolve(OPTIONS, haveIPv6=False)
        spec = service("7 stream tcp nowait root /bin/cat cat\n", options)
        self.assertEqual(spec.addresses, (InetAddress("0.0.0.0", 7),))

    def test_address(self) -> None:
        """
        An address before the name is what is bound.
        """
        self.assertEqual(self.bound("192.0.2.1:ftp"), ["192.0.2.1:21"])
        self.assertEqual(self.bound("[2001:db8::1]:ftp"), ["[2001:db8::1]:21"])

    def test_list(self) -> None:
        """
        There may be several.
        """
        self.assertEqual(
            self.bound("192.0.2.1,[2001:db8::1]:21"), ["192.0.2.1:21", "[2001:db8::1]:21"]
        )

    def test_star(self) -> None:
        """
        C{*} is every address.
        """
        self.assertEqual(self.bound("*:21"), ["0.0.0.0:21", "[::]:21"])

    def test_host(self) -> None:
        """
        A host's name stands for its addresses.
        """
        self.assertEqual(self.bound("localhost:21"), ["127.0.0.1:21", "[::1]:21"])

    def test_default(self) -> None:
        """
        A line C{address:} holds for the lines after it, until the next.
        """
        text = (
            "7 stream tcp4 nowait root /bin/cat cat\n127.0.0.1:\n"
            "9 stream tcp nowait root /bin/cat cat\n*:\n13 stream tcp4 nowait root /bin/cat cat\n"
        )
        found = [str(spec.addresses[0]) for spec in configure(text).services]
        self.assertEqual(found, ["0.0.0.0:7", "127.0.0.1:9", "0.0.0.0:13"])

    def test_unix(self) -> None:
        """
        A path is a unix socket of the service's user.
        """
        spec = service("/run/x stream unix nowait nobody /bin/cat cat\n")
        self.assertEqual(spec.addresses, (UnixAddress(b"/run/x", 65534, 65534, 0o600),))

    def test_unixOwner(self) -> None:
        """
        Owner, group and mode can be said.
        """
        spec = service(":nobody:tty:0666:/run/x stream unix nowait root /bin/cat cat\n")
        self.assertEqual(spec.addresses, (UnixAddress(b"/run/x", 65534, 5, 0o666),))


class FieldTests(SynchronousTestCase):
    """
    Tests for the fields from the second to the fifth.
    """

    def test_types(self) -> None:
        """
        There are stream, dgram and, on unix sockets, seqpacket.
        """
        found = [
            service(f"/x {kind} unix wait root /bin/cat cat\n").socketType
            for kind in ("stream", "dgram", "seqpacket")
        ]
        self.assertEqual(found, list(SocketType))

    def limits(self, field: str) -> tuple[bool, Limits]:
        """
        What a fourth field means.
        """
        spec = service(f"7 stream tcp {field} root /bin/cat cat\n")
        return spec.wait, spec.limits

    def test_waiting(self) -> None:
        """
        wait and nowait, without a number, allow 256 starts a minute.
        """
        self.assertEqual(self.limits("wait"), (True, Limits(256)))
        self.assertEqual(self.limits("nowait"), (False, Limits(256)))

    def test_limit(self) -> None:
        """
        A number after a dot or a colon is the limit, and 0 is none.
        """
        self.assertEqual(self.limits("nowait.10"), (False, Limits(10)))
        self.assertEqual(self.limits("wait:10"), (True, Limits(10)))
        self.assertEqual(self.limits("nowait.0"), (False, Limits(None)))

    def identity(self, field: str) -> tuple[int, int, tuple[int, ...]]:
        """
        Whom a fifth field means.
        """
        found = service(f"7 stream tcp nowait {field} /bin/cat cat\n").identity
        return found.uid, found.gid, found.groups

    def test_user(self) -> None:
        """
        A user comes with group and groups.
        """
        self.assertEqual(self.identity("alice"), (1000, 1000, (100, 1000)))

    def test_group(self) -> None:
        """
        A group after a colon or a dot takes the place of the user's own.
        """
        self.assertEqual(self.identity("nobody:tty"), (65534, 5, (5,)))
        self.assertEqual(self.identity("nobody.tty"), (65534, 5, (5,)))

    def test_dottedUser(self) -> None:
        """
        A user whose name has a dot comes first.
        """
        self.assertEqual(self.identity("www.data")[0], 33)
        self.assertEqual(self.identity("nobody.data.x")[1], 77)

    def test_numbers(self) -> None:
        """
        Numbers need no entry.
        """
        self.assertEqual(self.identity("4000:5000"), (4000, 5000, (5000,)))

    def test_own(self) -> None:
        """
        C{-} is whoever runs the daemon.
        """
        self.assertTrue(service("7 stream tcp nowait - /bin/cat cat\n").identity.keep)


class ServerTests(SynchronousTestCase):
    """
    Tests for what serves.
    """

    def test_arguments(self) -> None:
        """
        What follows the program is its argv, from argv[0] on.
        """
        spec = service("7 stream tcp nowait root /bin/cat cat -u x\n")
        self.assertEqual(spec.server, Program(b"/bin/cat", (b"cat", b"-u", b"x")))

    def test_quotes(self) -> None:
        """
        Quotes keep blanks within an argument; within double ones a backslash
        escapes.
        """
        spec = service("""7 stream tcp nowait root /bin/sh sh -c 'a  b' "c\\"d" e'f\n""")
        assert isinstance(spec.server, Program)
        self.assertEqual(spec.server.argv, (b"sh", b"-c", b"a  b", b'c"d', b"e'f"))

    def test_bytes(self) -> None:
        """
        Bytes that are not text come through as they are.
        """
        spec = configure(b"7 stream tcp nowait root /bin/cat cat \xff\xfe\n").services[0]
        assert isinstance(spec.server, Program)
        self.assertEqual(spec.server.argv, (b"cat", b"\xff\xfe"))

    def test_internal(self) -> None:
        """
        C{internal} takes its name from the service, an alias, the port, or says
        it.
        """
        found = [
            service(f"{first} stream tcp nowait root internal{rest}\n").server
            for first, rest in (("echo", ""), ("sink", ""), ("7", ""), ("8007", " echo"))
        ]
        names = ("echo", "discard", "echo", "echo")
        self.assertEqual(found, [Builtin(name) for name in names])

    def test_internalDatagrams(self) -> None:
        """
        An internal datagram service has no limit that its line does not give.
        """
        plain = service("echo dgram udp wait root internal\n")
        limited = service("echo dgram udp wait.9 root internal\n")
        self.assertEqual((plain.limits, limited.limits), (Limits(None), Limits(9)))

    def test_noInternal(self) -> None:
        """
        They can be switched off.
        """
        options = attrs.evolve(OPTIONS, noInternal=True)
        self.assertEqual(configure("echo stream tcp nowait - internal\n", options).services, ())


class LayoutTests(SynchronousTestCase):
    """
    Tests for how lines are laid out.
    """

    line = "7 stream tcp4 nowait root /bin/cat cat"

    def count(self, text: str | bytes) -> int:
        """
        The number of services in a text.
        """
        return len(configure(text).services)

    def test_nothing(self) -> None:
        """
        Comments and blank lines are nothing.
        """
        self.assertEqual(configure("# comment\n\n \t\n#7 stream\n").diagnostics, ())

    def test_tabs(self) -> None:
        """
        Tabs are blanks.
        """
        self.assertEqual(self.count(self.line.replace(" ", "\t\t") + "\n"), 1)

    def test_endings(self) -> None:
        """
        Lines may end as they do elsewhere, and the last not at all.
        """
        self.assertEqual(self.count(f"{self.line}\r\n9{self.line[1:]}"), 2)

    def test_backslash(self) -> None:
        """
        A backslash at the end of a line continues it.
        """
        spec = service(f"{self.line} \\\n -u\n")
        assert isinstance(spec.server, Program)
        self.assertEqual(spec.server.argv[-1], b"-u")

    def test_leadingBlank(self) -> None:
        """
        A line that begins with a blank continues the one before.
        """
        spec = service(f"{self.line}\n\t-u\n")
        assert isinstance(spec.server, Program)
        self.assertEqual(spec.server.argv[-1], b"-u")

    def test_badLine(self) -> None:
        """
        A bad line costs that line only.
        """
        text = f"{self.line}\nnonsense here\n9{self.line[1:]}\n"
        self.assertEqual(self.count(text), 2)
        self.assertEqual(codes(text), ["too-few-fields"])


#: Lines, and what is said about each: code, column, and a word of the hint.
MISTAKES = [
    ("ftp stream tcp", "too-few-fields", 12, ""),
    ("ftp stream tcp nowait root", "too-few-fields", 23, "the program is missing"),
    ("ftp stream tcp nowait /bin/cat", "too-few-fields", 23, "is the user missing"),
    ("ftpp stream tcp nowait root /bin/cat cat", "unknown-service", 1, "/etc/services"),
    ("tftp stream tcp nowait root /bin/cat cat", "unknown-service", 1, "known for udp only"),
    ("0 stream tcp nowait root /bin/cat cat", "bad-port", 1, ""),
    ("65536 stream tcp nowait root /bin/cat cat", "bad-port", 1, ""),
    ("a/b stream tcp nowait root /bin/cat cat", "unsupported-rpc", 1, "RPC"),
    ("tcpmux/a dgram udp wait root /bin/cat cat", "unsupported-tcpmux", 1, "protocol tcp"),
    ("four:tcpmux/a stream tcp nowait root /bin/cat cat", "bad-address", 1, "tcpmux listens"),
    ("113 dgram udp wait root internal auth", "bad-internal", 25, ""),
    ("/run/x stream tcp nowait root /bin/cat cat", "unsupported-path", 1, "protocol unix"),
    ("[::1:7 stream tcp nowait root /bin/cat cat", "bad-address", 1, ""),
    ("::1:7 stream tcp nowait root /bin/cat cat", "unbracketed-address", 1, "[::1]:7"),
    ("127.0.0.1:7 stream tcp6 nowait root /bin/cat cat", "address-family", 1, ""),
    ("nowhere:7 stream tcp nowait root /bin/cat cat", "unknown-host", 1, ""),
    ("7 steam tcp nowait root /bin/cat cat", "unknown-socket-type", 3, "did you mean stream"),
    ("7 raw tcp nowait root /bin/cat cat", "unsupported-socket-type", 3, ""),
    ("7 dgram tcp wait root /bin/cat cat", "type-and-protocol", 3, ""),
    ("7 stream:x tcp nowait root /bin/cat cat", "unsupported-accept-filter", 3, ""),
    ("7 stream,5 tcp nowait root /bin/cat cat", "unsupported-accept-limit", 3, ""),
    ("7 stream tpc nowait root /bin/cat cat", "unknown-protocol", 10, "did you mean tcp"),
    ("7 stream tcp6only nowait root /bin/cat cat", "unknown-protocol", 10, "IPv6 only"),
    ("x stream rpc/tcp nowait root /bin/cat cat", "unknown-rpc", 1, "/etc/rpc"),
    ("7 stream tcp/faith nowait root /bin/cat cat", "unsupported-faith", 10, ""),
    ("7 stream tcp,sndbuf=9 nowait root /bin/cat cat", "unsupported-buffer-size", 10, ""),
    ("7 stream tcp nowiat root /bin/cat cat", "unknown-wait", 14, "did you mean nowait"),
    ("7 stream tcp nowait/3 root /bin/cat cat", "unsupported-limit", 14, "freebsd"),
    ("7 stream tcp nowait.x root /bin/cat cat", "bad-limit", 14, ""),
    ("7 stream tcp nowait.9x root /bin/cat cat", "bad-limit", 14, "9 is used"),
    ("7 stream tcp nowait.09 root /bin/cat cat", "octal-limit", 14, "octal"),
    ("7 stream tcp nowait nobdy /bin/cat cat", "unknown-user", 21, ""),
    ("7 stream tcp nowait nobody:nogroop /bin/cat cat", "unknown-group", 21, ""),
    ("7 stream tcp nowait 4000 /bin/cat cat", "unknown-group", 21, "no group of its own"),
    ("7 stream tcp nowait root/daemon /bin/cat cat", "unsupported-login-class", 21, ""),
    ("7 stream tcp nowait root bin/cat cat", "relative-program", 26, "whole path"),
    ("7 stream tcp nowait root /bin/cat", "no-arguments", 26, "cat"),
    ("7 stream tcp nowait root /bin/cat -u", "forgotten-argv0", 35, "does not see"),
    ("7 stream tcp nowait root /bin/sh /x.sh", "script-as-argv0", 34, "in place of argv[0]"),
    ("7 stream tcp nowait root /bin/cat cat | wc", "shell-syntax", 39, "sh -c"),
    ("7 stream tcp nowait root /bin/cat cat 'a b'", "quoted-blank", 39, "split"),
    ("7 stream tcp nowait root /bin/cat cat 'a", "unterminated-quote", 39, ""),
    ("7 stream tcp nowait root /bin/cat cat 'a'b", "text-after-quote", 42, ""),
    ("7 stream tcp nowait root /bin/cat cat #x", "trailing-comment", 39, "comment here"),
    ("7 stream tcp wait root /usr/sbin/in.ftpd in.ftpd", "wait-mismatch", 14, "one connection"),
    ("7 dgram udp nowait root /usr/sbin/in.tftpd in.tftpd", "nowait-mismatch", 13, "whole"),
    ("/x dgram unix nowait root /bin/cat cat", "unix-dgram-nowait", 15, "of all"),
    ("echo stream tcp wait root internal", "internal-wait", 17, "nowait"),
    ("ftp stream tcp nowait root internal", "unknown-internal", 28, ""),
    ("8007 stream tcp nowait root internal ecko", "unknown-internal", 38, ""),
    ("8007 stream tcp nowait root internal echo x", "bad-internal", 43, ""),
    ("/echo seqpacket unix nowait root internal", "bad-internal", 34, ""),
    ("x stream unix nowait root /bin/cat cat", "bad-unix-address", 1, ""),
    (":root:/x stream unix nowait root /bin/cat cat", "bad-unix-address", 1, ""),
    (":root:root:999:/x stream unix nowait root /bin/cat cat", "bad-mode", 1, ""),
    ("/" + "x" * 200 + " stream unix nowait root /bin/cat cat", "path-too-long", 1, ""),
    ("ftp on protocol=tcp", "unfinished-entry", 17, "no ;"),
    ("wait = yes", "stray-key-value", 1, "NAME on"),
    (".frobnicate /x", "unsupported-directive", 1, "-f"),
    ("#@ ipsec in\n7 stream tcp nowait root /bin/cat cat", "unsupported-policy", 1, ""),
]


class MistakeTests(SynchronousTestCase):
    """
    Tests for what is said about mistakes.
    """

    def test_each(self) -> None:
        """
        Each mistake has its code, its column and, where there is something to do
        about it, a hint.
        """
        for text, code, column, hint in MISTAKES:
            found = [each for each in diagnostics(text + "\n") if each.code == code]
            self.assertTrue(found, f"{text}: {codes(text)}")
            self.assertEqual((found[0].origin.line, found[0].origin.column), (1, column), text)
            self.assertIn(hint, found[0].hint, text)
            self.assertTrue(found[0].found and found[0].expected, text)

    def test_otherUser(self) -> None:
        """
        An ordinary user cannot run anything as another.
        """
        line = "7 stream tcp nowait {} /bin/cat cat\n"
        self.assertEqual(codes(line.format("bob"), asUser()), ["other-user"])
        self.assertEqual(codes(line.format("alice"), asUser()), [])

    def test_otherOwner(self) -> None:
        """
        Nor give a socket to another.
        """
        line = ":bob::600:/x stream unix nowait - /bin/cat cat\n"
        self.assertEqual(codes(line, asUser()), ["other-owner"])

    def test_twice(self) -> None:
        """
        An address belongs to the first line that asks for it.
        """
        line = "7 stream tcp4 nowait root /bin/cat cat\n"
        (found,) = diagnostics(line + line)
        self.assertEqual((found.code, found.origin.line), ("duplicate-address", 2))
        self.assertIn("inetd.conf:1", found.found)

    def test_families(self) -> None:
        """
        Lines for one family each, and lines for tcp and udp, are no conflict.
        """
        text = (
            "7 stream tcp4 nowait root /bin/cat cat\n7 stream tcp6 nowait root /bin/cat cat\n"
            "7 dgram udp wait root /bin/cat cat\n"
        )
        self.assertEqual(codes(text), [])

    def test_yields(self) -> None:
        """
        A line for both families leaves one to the line that names it.
        """
        text = "7 stream tcp nowait root /bin/cat cat\n7 stream tcp6 nowait root /bin/cat cat six\n"
        found = [[str(each) for each in spec.addresses] for spec in configure(text).services]
        self.assertEqual(found, [["0.0.0.0:7"], ["[::]:7"]])

    def test_xinetd(self) -> None:
        """
        A file for xinetd is recognised, and said once.
        """
        text = "service ftp\n{\n  socket_type = stream\n}\n"
        self.assertEqual(codes(text), ["xinetd-format"])

    def test_something(self) -> None:
        """
        A file that is something else altogether is said to be so, once.
        """
        self.assertEqual(codes("Dear Sir,\nit is with great\nregret\nthat I\n"), ["not-inetd-conf"])


_words = st.sampled_from(
    ["ftp", "7", "[::1]:7", ":", "stream", "dgram", "tcp", "udp6", "unix", "/x", "nowait",
     "wait.3", "root", "-", "nobody:tty", "/bin/cat", "cat", "internal", "echo", "'a b'", '"',
     "#", "\\", "{", "=", "on", "\t", "\n", "\n ", "\r\n", "\0", "\udcff"]
)  # fmt: skip


class PropertyTests(SynchronousTestCase):
    """
    Tests with whatever there may be.
    """

    @given(st.binary(max_size=400))
    def test_bytes(self, data: bytes) -> None:
        """
        No bytes make it raise, and every diagnostic is one line with a place.
        """
        for each in configure(data).diagnostics:
            self.assertGreaterEqual(each.origin.line, 1)
            self.assertGreaterEqual(each.origin.column, 1)

    @settings(max_examples=300)
    @given(st.lists(_words, max_size=30))
    def test_words(self, words: list[str]) -> None:
        """
        Nor do the words of the format in any order; and what there is a service
        for has an entry in the dump.
        """
        text = " ".join(words).encode("utf-8", "surrogateescape")
        configuration = configure(text)
        entries = [
            line for line in dumpConfiguration(configuration).splitlines() if line[:1] not in "#"
        ]
        self.assertEqual(len(entries), len(configuration.services))

    @given(st.lists(_words, max_size=12), st.sampled_from(["\n", "\r\n"]))
    def test_others(self, words: list[str], ending: str) -> None:
        """
        Whatever one line is, the lines around it stay what they are.
        """
        before = "echo stream tcp4 nowait root internal"
        after = "time stream tcp4 nowait root internal"
        bad = " ".join(word for word in words if word.strip() == word and word not in "\\\"'")
        if bad.count("'") % 2 or bad.startswith(("#@", ":")) or bad.endswith((":", "\\")):
            return
        text = ending.join([before, bad, after, ""]).encode("utf-8", "surrogateescape")
        configuration = configure(text)
        names = {spec.name for spec in configuration.services}
        unreadable = {each.code for each in configuration.diagnostics} & {
            "xinetd-format", "unsupported-policy", "duplicate-address",
        }  # fmt: skip
        if not unreadable:
            self.assertLessEqual({"echo", "time"}, names)

    def test_severities(self) -> None:
        """
        Whatever drops a line is an error.
        """
        for text, *_ in MISTAKES:
            for each in configure(text + "\n").diagnostics:
                if each.dropped:
                    self.assertIs(each.severity, Severity.ERROR, text)
