"""
Tests for L{txinetd.config.keyvalue}: what key=value entries mean, what is said about each
mistake, and that nothing makes reading them fail.
"""

from __future__ import annotations

import attrs
from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.config_support import (
    ALICE,
    NAMES,
    OPTIONS,
    asUser,
    codes,
    configure,
    diagnostics,
    service,
)
from txinetd.config import DIALECTS
from txinetd.config.keyvalue import KEYS
from txinetd.errors import Severity
from txinetd.recording import RecordFormat, Recording
from txinetd.reload import retained
from txinetd.spec import (
    Builtin,
    InetAddress,
    Limits,
    Multiplexed,
    Program,
    Redirect,
    Rpc,
    ServiceSpec,
    SocketType,
    UnixAddress,
)

CAT = "exec = /bin/cat, args = cat"
PLAIN = f"protocol = tcp, wait = no, user = root, {CAT}"


def made(pairs: str, name: str = "ftp") -> ServiceSpec:
    """
    The only service of an entry without a fault.
    """
    text = f"{name} on {pairs};"
    said = [str(each) for each in diagnostics(text)]
    if said:
        raise AssertionError(said)
    return service(text)


def bound(name: str, pairs: str) -> list[str]:
    """
    What an entry binds.
    """
    spec = made(f"wait = no, user = root, {CAT}, {pairs}", name)
    return [str(each) for each in spec.addresses]


class SameTests(SynchronousTestCase):
    """
    Tests against the positional form.
    """

    def test_same(self) -> None:
        """
        What can be said in both forms is the same service.
        """
        for line, pairs, name in [
            ("ftp stream tcp nowait root /bin/cat cat -n", f"{PLAIN} -n", "ftp"),
            ("ftp stream tcp4 nowait.7 - /bin/cat cat", "protocol = tcp4, wait = no, user = -,"
             f" {CAT}, service_max = 7, socktype = stream", "ftp"),
            ("tftp dgram udp wait bob:tty /bin/cat cat", "protocol = udp, wait = yes, user = bob,"
             f" group = tty, {CAT}", "tftp"),
            ("tftp dgram udp wait bob.tty /bin/cat cat", "protocol = udp, wait = yes,"
             f" user = bob:tty, {CAT}", "tftp"),
            ("127.0.0.1:ftp stream tcp nowait root /bin/cat cat", PLAIN, "127.0.0.1:ftp"),
            ("echo stream tcp nowait root internal", "protocol = tcp, user = root", "echo"),
            ("echo dgram udp wait root internal", "protocol = udp, user = root", "echo"),
            ("80 stream tcp nowait root internal time", "protocol = tcp, user = root,"
             " internal = time", "80"),
            ("/run/x stream unix nowait alice /bin/cat cat", "protocol = unix, socktype = stream,"
             f" wait = no, user = alice, {CAT}", "/run/x"),
        ]:  # fmt: skip
            self.assertEqual(made(pairs, name), service(f"{line}\n"), line)

    def test_mixed(self) -> None:
        """
        Both can stand in one file, and an C{address:} line is for both.
        """
        text = (
            "127.0.0.1:\n"
            "7 stream tcp nowait root internal echo\n"
            f"ftp on {PLAIN};\n"
            "*:\n"
            f"telnet on {PLAIN};\n"
        )
        found = [[str(each) for each in spec.addresses] for spec in configure(text).services]
        expected = [["127.0.0.1:7"], ["127.0.0.1:21"], ["0.0.0.0:23", "[::]:23"]]
        self.assertEqual(found, expected)

    def test_policy(self) -> None:
        """
        An entry after an IPsec policy is left out, as a line is.
        """
        text = f"#@ ipsec in\nftp on {PLAIN};\n#@\ntelnet on {PLAIN};\n"
        self.assertEqual(codes(text), ["unsupported-policy"] * 2)
        self.assertEqual([each.name for each in configure(text).services], ["telnet"])


class StructureTests(SynchronousTestCase):
    """
    Tests for the keys that say what a service is.
    """

    def test_bind(self) -> None:
        """
        C{bind} counts before the hosts of the name, and may have several.
        """
        self.assertEqual(bound("ftp", "protocol = tcp4, bind = 127.0.0.1"), ["127.0.0.1:21"])
        self.assertEqual(bound("192.0.2.1:ftp", "protocol = tcp, bind = ::1"), ["[::1]:21"])
        several = bound("ftp", "protocol = tcp, bind = four [2001:db8::1]")
        self.assertEqual(several, ["192.0.2.4:21", "[2001:db8::1]:21"])
        self.assertEqual(bound("ftp", "protocol = tcp4, bind = *"), ["0.0.0.0:21"])

    def test_port(self) -> None:
        """
        With C{port} a name is only a name.
        """
        self.assertEqual(bound("anything", "protocol = tcp4, port = 8021"), ["0.0.0.0:8021"])
        self.assertEqual(bound("anything", "protocol = tcp4, port = ftp"), ["0.0.0.0:21"])

    def test_type(self) -> None:
        """
        The protocol implies the socket type, but for unix.
        """
        self.assertIs(made(PLAIN).socketType, SocketType.STREAM)
        udp = made(f"protocol = udp, wait = yes, user = root, {CAT}", "tftp")
        self.assertIs(udp.socketType, SocketType.DGRAM)

    def test_noArguments(self) -> None:
        """
        A program without arguments has its name as argv[0], with a warning.
        """
        text = "ftp on protocol = tcp, wait = no, user = root, exec = /bin/cat;"
        self.assertEqual(codes(text), ["no-arguments"])
        self.assertEqual(service(text).server, Program(b"/bin/cat", (b"cat",)))

    def test_bytes(self) -> None:
        """
        Arguments reach the program byte for byte.
        """
        spec = made(f"{PLAIN} \u00e9 '\\xff\\n' ''")
        self.assertEqual(spec.server, Program(b"/bin/cat", (b"cat", b"\xc3\xa9", b"\xff\n", b"")))

    def test_internal(self) -> None:
        """
        C{exec = internal} is the same as no C{exec}; C{wait} need not be said.
        """
        for pairs in ("", ", exec = internal", ", wait = no", ", internal = echo"):
            spec = made(f"protocol = tcp, user = root{pairs}", "echo")
            self.assertEqual((spec.server, spec.wait), (Builtin("echo"), False))

    def test_internalLimit(self) -> None:
        """
        An internal datagram service has no limit that nobody asked for.
        """
        pairs = "protocol = udp, user = root"
        self.assertEqual(made(pairs, "echo").limits, Limits(None))
        self.assertEqual(made(f"{pairs}, service_max = 9", "echo").limits, Limits(9))

    def test_unixOwner(self) -> None:
        """
        The owner of a socket may be a number that nobody has.
        """
        pairs = f"protocol = unix, socktype = stream, wait = no, user = root, {CAT}"
        spec = made(pairs, ":4321:99:0660:/run/x")
        self.assertEqual(spec.addresses, (UnixAddress(b"/run/x", 4321, 99, 0o660),))

    def test_ipsec(self) -> None:
        """
        No policy can be asked for.
        """
        made(f"{PLAIN}, ipsec = ")
        self.assertEqual(codes(f"ftp on {PLAIN}, ipsec = 'in ipsec';"), ["unsupported-policy"])

    def test_origin(self) -> None:
        """
        A service knows where its entry begins.
        """
        spec = service(f"\n  ftp\ton {PLAIN};")
        self.assertEqual((spec.origin.line, spec.origin.column, spec.origin.label), (2, 3, "ftp"))

    def test_ordinaryUser(self) -> None:
        """
        Only root can run a server as somebody else, in this form, too.
        """
        text = f"8021 on {PLAIN};"
        self.assertEqual(codes(text, asUser()), ["other-user"])
        own = f"8021 on {PLAIN.replace('root', 'alice')};"
        self.assertEqual(service(own, asUser()).identity, ALICE)

    def test_options(self) -> None:
        """
        What the command line says is for these entries, too.
        """
        options = attrs.evolve(OPTIONS, backlog=7, defaultAddresses=("127.0.0.1",))
        spec = service(f"ftp on {PLAIN};", options)
        self.assertEqual((spec.backlog, str(spec.addresses[0])), (7, "127.0.0.1:21"))
        json = Recording(RecordFormat.JSON)
        options = attrs.evolve(OPTIONS, recording=json)
        self.assertIsNone(service(f"ftp on {PLAIN};", options).recording)
        spec = service(f"ftp on {PLAIN}, record_starts = yes;", options)
        self.assertEqual(spec.recording, attrs.evolve(json, starts=True))
        off = attrs.evolve(OPTIONS, noInternal=True)
        self.assertEqual(configure("echo on protocol = tcp, user = root;", off).services, ())


#: What stands after C{ftp on}, with C{^} before the place that is said (C{^} before
#: everything for the name), the code, and a part of the message.
MISTAKES = [
    (f"^wait = no, user = root, {CAT}", "missing-key", "write protocol = ..."),
    (f"^protocol = tcp, user = root, {CAT}", "missing-key", "no wait"),
    (f"^protocol = tcp, wait = no, {CAT}", "missing-key", "no user"),
    (f"^protocol = unix, wait = no, user = root, {CAT}", "missing-key", "no socktype"),
    (f"{PLAIN}, ^instnces = 5", "unknown-key", "'instances'"),
    (f"{PLAIN}, ^log_tpye = FILE", "unknown-key", "'log_type'"),
    (f"{PLAIN}, ^user = bob", "duplicate-key", "first is on line 1"),
    (f"{PLAIN}, ^USER = bob", "duplicate-key", "first is on line 1"),
    (f"{PLAIN}, nice = 1, ^nice = 1", "duplicate-key", "'nice' after 'nice'"),
    (f"{PLAIN}, instances = 1, ^accept_max = 1", "duplicate-key", "after 'instances'"),
    (f"{PLAIN}, ^bind =", "bad-value", "nothing for bind"),
    (f"{PLAIN}, bind = ^1::2::3", "bad-address", "addresses or host names"),
    (f"{PLAIN}, bind = ^nowhere", "unknown-host", "nowhere"),
    (f"{PLAIN}, port = ^0", "bad-port", "1 to 65535"),
    (f"{PLAIN}, port = 1 ^2", "bad-value", "more than one"),
    (f"{PLAIN}, socktype = ^dgram", "type-and-protocol", "stream with tcp"),
    (f"{PLAIN}, socktype = ^raw", "unsupported-socket-type", "raw"),
    (f"{PLAIN}, group = ^nonesuch", "unknown-group", "nonesuch"),
    (f"{PLAIN}, ^internal = echo", "conflicting-keys", "beside exec"),
    ("protocol = tcp, user = root, ^args = x", "conflicting-keys", "without exec"),
    ("^protocol = tcp, user = root", "unknown-internal", "ftp"),
    ("protocol = tcp, user = root, internal = ^ecko", "unknown-internal", "ecko"),
    (f"^protocol = rpc/tcp, wait = no, user = root, {CAT}", "unknown-rpc", "ftp"),
    (f"protocol = ^rpc/unix, wait = no, user = root, {CAT}", "unknown-protocol", "rpc/unix"),
    (f"protocol = rpc/tcp, wait = no, user = root, rpc = ^x/1, {CAT}", "unknown-rpc", "x"),
    (f"protocol = rpc/tcp, wait = no, user = root, rpc = ^rstatd/, {CAT}", "bad-rpc-version", ""),
    (f"{PLAIN}, ^rpc = rstatd/1", "key-and-protocol", "for RPC only"),
    (f"{PLAIN}, ^redirect = four 80", "conflicting-keys", "beside exec"),
    ("protocol = tcp, user = root, redirect = four 80, ^args = x", "conflicting-keys", "exec"),
    ("protocol = tcp, user = root, redirect = four 80, ^internal = echo", "conflicting-keys", ""),
    ("protocol = tcp, user = root, ^redirect = four", "bad-value", "a host and a port"),
    ("protocol = tcp, user = root, ^redirect = four '8\x00'", "bad-value", "a host and a port"),
    ("protocol = tcp, user = root, redirect = four ^0", "bad-port", "a port"),
    ("protocol = tcp, user = root, redirect = four ^nonesuch", "bad-port", "a port"),
    ("protocol = tcp, user = root, redirect = ^nowhere 80", "unknown-host", "nowhere"),
    ("protocol = tcp, user = root, wait = ^yes, redirect = four 80", "conflicting-keys", "no"),
    ("protocol = udp, user = root, ^redirect = four 80", "conflicting-keys", "with stream"),
    ("protocol = tcp, user = root, ^internal =", "bad-value", "nothing"),
    ("protocol = tcp, user = root, internal = echo ^-r", "bad-internal", "nothing after"),
    ("protocol = tcp, user = root, internal = auth ^-q", "bad-internal", "-q"),
    ("^protocol = udp, user = root, port = 7, internal = auth", "bad-internal", "auth with stream"),
    (f"protocol = tcp, wait = ^maybe, user = root, {CAT}", "unknown-wait", "yes or no"),
    (f"protocol = tcp, wait = no, user = ^nemo, {CAT}", "unknown-user", "nemo"),
    (f"protocol = tcp, wait = no, user = -, group = ^tty, {CAT}", "conflicting-keys", "group"),
    (f"protocol = tcp, wait = no wait ^= no, {CAT}", "missing-comma", "before 'wait'"),
    (f"protocol = tcp, wait = no, user = root ^group=tty, {CAT}", "bad-value", "comma"),
    ("protocol = tcp, wait = no, user = root, exec = ^cat, args = cat", "relative-program", ""),
    ("protocol = tcp, wait = no, user = root, exec = ^'/x\\x00', args = x", "bad-value", "NUL"),
    ("protocol = tcp, wait = no, user = root, exec = /x, args = ^'\\x00'", "nul-byte", ""),
]  # fmt: skip


#: The same for what stands after C{tcpmux/date on}.
MULTIPLEXED_MISTAKES = [
    ("^protocol = udp", "unsupported-tcpmux", "the protocol tcp"),
    ("^protocol = rpc/tcp", "unknown-rpc", "tcpmux"),
    ("protocol = tcp, ^bind = four", "key-and-protocol", "no socket of its own"),
    ("protocol = tcp, ^port = 7", "key-and-protocol", "no socket of its own"),
]


class MultiplexedTests(SynchronousTestCase):
    """
    Tests for services behind tcpmux.
    """

    def test_names(self) -> None:
        """
        They have a name, perhaps with a plus, and no address; a colon is part of it.
        """
        for name, found in (
            ("date", Multiplexed("date", False)),
            ("+date", Multiplexed("date", True)),
            ("a:b", Multiplexed("a:b", False)),
        ):
            spec = made(PLAIN, f"tcpmux/{name}")
            self.assertEqual((spec.multiplexed, spec.addresses), (found, ()))

    def test_mistakes(self) -> None:
        """
        What they cannot have is said where it stands.
        """
        for marked, code, part in MULTIPLEXED_MISTAKES:
            pairs = marked.replace("^", "")
            column = 1 if marked[0] == "^" else len("tcpmux/date on ") + marked.index("^") + 1
            found = diagnostics(f"tcpmux/date on {pairs}, wait = no, user = root, {CAT};")
            self.assertEqual([each.code for each in found], [code], pairs)
            self.assertEqual(found[0].origin.column, column, pairs)
            self.assertIn(part, str(found[0]))

    def test_address(self) -> None:
        """
        An address before the name is an error: it is reached wherever tcpmux listens.
        """
        self.assertEqual(codes(f"127.0.0.1:tcpmux/date on {PLAIN};"), ["bad-address"])


class RpcTests(SynchronousTestCase):
    """
    Tests for RPC services.
    """

    RPC = f"wait = yes, user = root, {CAT}"

    def test_each(self) -> None:
        """
        Program and versions are the name, as in a line; the port is the kernel's choice.
        """
        for text, found in (
            ("rstatd/2-4", [Rpc(100001, "rstatd", 2, 4)]),
            ("rstatd", [Rpc(100001, "rstatd", 1, 1)]),
            ("100001/2", [Rpc(100001, "100001", 2, 2)]),
            ("rstatd/1,3", [Rpc(100001, "rstatd", 1, 1), Rpc(100001, "rstatd", 3, 3)]),
        ):
            services = configure(f"{text} on protocol = rpc/udp4, {self.RPC};").services
            self.assertEqual([spec.rpc for spec in services], found)
            for spec in services:
                self.assertEqual(spec.addresses, (InetAddress("0.0.0.0", 0),))
                self.assertIs(spec.socketType, SocketType.DGRAM)

    def test_keys(self) -> None:
        """
        The name may be another, and the port one's own choice.
        """
        pairs = "protocol = rpc/udp4, rpc = rstatd/2-4, port = 600"
        spec = service(f"four:stat on {pairs}, {self.RPC};")
        self.assertEqual((spec.name, spec.rpc), ("stat", Rpc(100001, "rstatd", 2, 4)))
        self.assertEqual(spec.addresses, (InetAddress("192.0.2.4", 600),))

    def test_notServed(self) -> None:
        """
        Where they cannot be served they are errors.
        """
        options = attrs.evolve(OPTIONS, serves=frozenset())
        text = f"rstatd/1 on protocol = rpc/udp, {self.RPC};"
        self.assertEqual(codes(text, options), ["unsupported-rpc"])


class ServingTests(SynchronousTestCase):
    """
    Tests for what serves.
    """

    def test_redirect(self) -> None:
        """
        Connections are passed on to all addresses of a host, at a port by number or name.
        """
        pairs = "protocol = tcp, user = root, redirect"
        for text, found in (
            ("two 80", (("192.0.2.1", 80), ("192.0.2.2", 80))),
            ("::1 telnet", (("::1", 23),)),
        ):
            spec = service(f"ftp on {pairs} = {text};")
            self.assertEqual((spec.server, spec.wait), (Redirect(found, text), False))

    def test_arguments(self) -> None:
        """
        An internal service that has options has them after its name.
        """
        spec = service("113 on protocol = tcp, user = root, internal = auth -r -d nobody;")
        self.assertEqual(spec.server, Builtin("auth", (b"-r", b"-d", b"nobody")))

    def test_wrapped(self) -> None:
        """
        NetBSD asks hosts_access(5) about the clients of this form, too, unless it is told
        otherwise.
        """
        text = f"ftp on {PLAIN}, args = /x/ftpd".replace(", args = cat", "")
        for more, found in (("", "ftpd"), (", libwrap = other", "other")):
            parsed = DIALECTS["netbsd"].parse("f", f"{text}{more};".encode(), NAMES, OPTIONS)
            self.assertEqual([spec.access.wrap for spec in parsed.services], [found])


class MistakeTests(SynchronousTestCase):
    """
    Tests for what is said about mistakes.
    """

    def test_mistakes(self) -> None:
        """
        Each costs the entry, is said where it is, and does nothing to the next.
        """
        for marked, code, part in MISTAKES:
            pairs = marked.replace("^", "")
            column = 1 if marked.startswith("^") else len("ftp on ") + marked.index("^") + 1
            text = f"ftp on {pairs}; echo on protocol = tcp, user = root;"
            found = [each for each in diagnostics(text) if each.origin.label == "ftp"]
            errors = [each for each in found if each.code == code]
            self.assertTrue(errors, (pairs, [str(each) for each in found]))
            first = errors[0]
            self.assertEqual((first.origin.line, first.origin.column), (1, column), str(first))
            self.assertIn(part, str(first))
            self.assertEqual(sum(each.dropped for each in found), 1, pairs)
            names = [each.name for each in configure(text).services]
            self.assertEqual(names, ["echo"], pairs)

    def test_all(self) -> None:
        """
        All that is wrong with an entry is said at once.
        """
        text = "ftp on protocol = tpc, wait = x, user = nemo, exec = y, nice = 99, foo = 1;"
        found = ["unknown-protocol", "unknown-wait", "unknown-user", "bad-value", "unknown-key"]
        self.assertEqual(sorted(codes(text)), sorted(found))

    def test_internalBox(self) -> None:
        """
        What has no meaning for an internal service is said to have none.
        """
        text = "echo on protocol = tcp, user = root, chroot = /srv;"
        (warning,) = diagnostics(text)
        self.assertEqual((warning.code, warning.severity), ("internal-box", Severity.WARNING))
        self.assertEqual(len(configure(text).services), 1)

    def test_nulInName(self) -> None:
        """
        A zero byte in a name is none that anything can be called by.
        """
        self.assertEqual(codes(f"'/x\\x00' on {PLAIN};"), ["nul-byte"])


class OffTests(SynchronousTestCase):
    """
    Tests for entries that are off.
    """

    def test_off(self) -> None:
        """
        They make no service, and take no address from another.
        """
        text = f"ftp off {PLAIN}; ftp on {PLAIN};"
        self.assertEqual(len(configure(text).services), 1)
        self.assertEqual(codes(text, least=Severity.NOTE), ["switched-off"])

    def test_checked(self) -> None:
        """
        They are read as if they were on.
        """
        for marked, code, _ in MISTAKES:
            pairs = marked.replace("^", "")
            self.assertIn(code, codes(f"ftp off {pairs};"), pairs)

    def test_reload(self) -> None:
        """
        A service whose entry is switched off goes, even where the entry has become a bad
        one; one that is on and has become bad stays.
        """
        running = [service(f"ftp on {PLAIN};")]
        for text, kept in [
            (f"ftp off {PLAIN};", 0),
            (f"ftp off {PLAIN}, nice = x;", 0),
            ("ftp off protocol tcp;", 0),
            (f"ftp on {PLAIN}, nice = x;", 1),
            ("ftp on protocol tcp;", 1),
        ]:
            found = configure(text)
            self.assertEqual(len(retained(running, found.services, found.diagnostics)), kept, text)


#: What the format is made of, and what is not of it.
_PIECES = st.sampled_from(
    [
        *sorted(KEYS),
        *" \t\n\r,;=#'\"\\",
        "on",
        "off",
        " on ",
        " = ",
        "\\x41",
        "\\x00",
        "\\q",
        "ftp",
        "7",
        "127.0.0.1:",
        "::1",
        "tcp",
        "udp",
        "unix",
        "/run/x",
        "root",
        "-",
        "yes",
        "no",
        "/bin/cat",
        "echo stream tcp nowait root internal\n",
        "10.0.0.0/8",
        "8:00-9:00",
        "UNLIMITED",
        "5",
        "cpu",
        "1.5m",
        "refused=1",
        "#@ ipsec\n",
        "\udcff",
        "\x00",
        f"ftp on {PLAIN}, ",
    ]
)


def check(case: SynchronousTestCase, data: bytes) -> None:
    """
    Whatever a file holds, it is read, and each thing to say has a place in it.
    """
    lines = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff").split("\n")
    configuration = configure(data)
    for each in configuration.diagnostics:
        line, column = each.origin.line, each.origin.column
        case.assertTrue(1 <= line <= len(lines), str(each))
        case.assertTrue(1 <= column <= len(lines[line - 1]) + 1, str(each))
        case.assertNotIn("\n", str(each))
        case.assertTrue(each.found and each.expected, str(each))
    for spec in configuration.services:
        case.assertGreaterEqual(spec.origin.line, 1)


class FuzzTests(SynchronousTestCase):
    """
    Tests with anything at all.
    """

    @settings(max_examples=400, deadline=None)
    @given(st.lists(_PIECES | st.text(max_size=3), max_size=40))
    def test_pieces(self, pieces: list[str]) -> None:
        """
        No sequence of the pieces of the format makes reading fail.
        """
        check(self, "".join(pieces).encode("utf-8", "surrogatepass"))

    @settings(max_examples=200, deadline=None)
    @given(
        st.lists(
            st.tuples(st.sampled_from(sorted(KEYS)), st.lists(_PIECES, max_size=3)), max_size=6
        )
    )
    def test_pairs(self, pairs: list[tuple[str, list[str]]]) -> None:
        """
        Nor do any values after any keys.
        """
        text = ", ".join(f"{key} = {' '.join(values)}" for key, values in pairs)
        check(self, f"ftp on {text};".encode("utf-8", "surrogateescape"))

    @settings(deadline=None)
    @given(st.binary(max_size=300))
    @example(b"\xef\xbb\xbfa on")
    @example(b"a on x='")
    @example(b"a on\\")
    @example(b"\na=\x1c;")
    @example(b"a=\xc2\x85 \xc2\xa0;")
    def test_bytes(self, data: bytes) -> None:
        """
        Nor do any bytes.
        """
        check(self, data)
        check(self, b"ftp on " + data)
