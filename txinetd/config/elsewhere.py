# -*- test-case-name: tests.test_config_elsewhere -*-
"""
What a line of the default dialect would mean to the daemons of other systems, where
that is something else.

Each row of the tables names a form of a field and what others make of it.  These are
notes: the line is right here.  Forms of words (quotes, comments, backslashes) are
L{txinetd.config.flaws}'s, and a missing argv[0] is L{txinetd.config.servers}'s.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence

import attrs

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.text import shown
from txinetd.interfaces import INames

__all__ = ["Elsewhere"]

_NAME = "means-otherwise"


@attrs.frozen
class _Row:
    """
    A form of a field.

    @ivar field: which field, from 0.
    @ivar pattern: what it looks like.
    @ivar expected: how to write it so that it is the same everywhere.
    @ivar hint: what others make of it.
    @ivar once: whether to say so once in a file: it is in nearly every line.
    @ivar fits: whether it is so for this line, for what a pattern does not tell.
    """

    field: int
    pattern: re.Pattern[str]
    expected: str
    hint: str
    once: bool = False
    fits: Callable[[Sequence[Token], INames], bool] = lambda tokens, names: True


def _isInet(tokens: Sequence[Token], names: INames) -> bool:
    """
    Whether a line is for tcp or udp.
    """
    return tokens[2].text not in ("unix", "vsock")


def _isUnix(tokens: Sequence[Token], names: INames) -> bool:
    """
    Whether a line is for a unix socket.
    """
    return tokens[2].text == "unix"


def _isDotted(tokens: Sequence[Token], names: INames) -> bool:
    """
    Whether a user's own name has a dot.
    """
    return names.user(tokens[4].text.partition(":")[0]) is not None


def _isSplit(tokens: Sequence[Token], names: INames) -> bool:
    """
    Whether it is user and group that a dot stands between.
    """
    return not _isDotted(tokens, names)


_ROWS = (
    _Row(
        0,
        re.compile(r":[^:]*:[^:]*:[^:]*:/.*", re.DOTALL),
        "a path alone",
        "OpenBSD, Debian, NetBSD and busybox know no :user:group:mode: before it",
        fits=_isUnix,
    ),
    _Row(
        0,
        re.compile(r"/.*", re.DOTALL),
        ":user:group:mode:/path",
        "the socket's mode is 0600 here, 0200 for FreeBSD, 0666 for OpenBSD and Debian",
        fits=_isUnix,
    ),
    _Row(
        0,
        re.compile(r":[^:]+"),
        "the service alone",
        "FreeBSD takes it for the owner of a unix socket",
        fits=_isInet,
    ),
    _Row(
        0,
        re.compile(r"[^,]*,.*:[^:]+", re.DOTALL),
        "a line for each host",
        "NetBSD has one host for a line, FreeBSD and illumos have none",
        fits=_isInet,
    ),
    _Row(
        0,
        re.compile(r"[^,]+:[^:]+", re.DOTALL),
        "the service alone",
        "FreeBSD and illumos take all of it for the service's name",
        fits=_isInet,
    ),
    _Row(
        0,
        re.compile(r"[0-9]+"),
        "a service's name",
        "FreeBSD wants a name of the services database",
        once=True,
        fits=_isInet,
    ),
    _Row(
        2,
        re.compile(r"(?:rpc/)?(?:tcp|udp)"),
        "tcp4 or udp4 for IPv4 alone",
        "it is IPv4 alone to all but Debian's inetd",
        once=True,
    ),
    _Row(
        2,
        re.compile(r"(?:rpc/)?(?:tcp|udp)4"),
        "tcp or udp",
        "busybox and illumos do not know it",
        once=True,
    ),
    _Row(
        2,
        re.compile(r"(?:rpc/)?(?:tcp|udp)6"),
        "nothing that is the same everywhere",
        "it is IPv4 too for GNU, busybox and illumos",
        once=True,
    ),
    _Row(
        2,
        re.compile(r"(?:rpc/)?(?:tcp|udp)46"),
        "nothing that is the same everywhere",
        "only FreeBSD and Debian know it; it is tcp6 for GNU and illumos",
        once=True,
    ),
    _Row(
        3,
        re.compile(r"(?:no)?wait\..*", re.DOTALL),
        "wait or nowait",
        "FreeBSD ignores the number, illumos refuses the line",
        once=True,
    ),
    _Row(
        3,
        re.compile(r"wait:.*", re.DOTALL),
        "wait.N",
        "it is nowait for OpenBSD, Debian and GNU; FreeBSD ignores the number",
    ),
    _Row(
        3,
        re.compile(r"nowait:.*", re.DOTALL),
        "nowait.N",
        "only NetBSD sees the number; busybox refuses the line",
        once=True,
    ),
    _Row(
        4,
        re.compile(r"[^.:]*\.[^:]*:.*", re.DOTALL),
        "a user without a dot",
        "OpenBSD, Debian and busybox take what is before the dot for the user",
    ),
    _Row(
        4,
        re.compile(r"[^:]*\.[^:]*", re.DOTALL),
        "a user without a dot",
        "all but FreeBSD take what is before the dot for the user",
        fits=_isDotted,
    ),
    _Row(
        4,
        re.compile(r"[^:]*\.[^:]*", re.DOTALL),
        "user:group",
        "FreeBSD takes all of it for the user",
        once=True,
        fits=_isSplit,
    ),
    _Row(
        4,
        re.compile(r"-"),
        "a user",
        "only txinetd knows it as whoever runs the daemon",
        once=True,
    ),
    _Row(
        4,
        re.compile(r"[0-9]+(?:[:.].*)?", re.DOTALL),
        "a user's name",
        "others want a name of the user database",
        once=True,
    ),
    _Row(
        5,
        re.compile(r"internal"),
        "internal alone",
        "others ignore the name after it and serve what the first field names",
        once=True,
        fits=lambda tokens, names: len(tokens) > 6,
    ),
)


@attrs.define
class Elsewhere:
    """
    Says such things about one file.
    """

    _said: set[_Row] = attrs.field(factory=set)

    def line(self, tokens: Sequence[Token], names: INames, reporter: Reporter) -> None:
        """
        Say what others make of an entry.

        @param tokens: six or more.
        """
        fields: set[int] = set()
        for row in _ROWS:
            token = tokens[row.field]
            if row.field in fields or row.pattern.fullmatch(token.text) is None:
                continue
            if not row.fits(tokens, names):
                continue
            fields.add(row.field)
            if row in self._said:
                continue
            if row.once:
                self._said.add(row)
            reporter.note(_NAME, token, shown(token.text), row.expected, row.hint)
        self._continuation(tokens, reporter)

    def _continuation(self, tokens: Sequence[Token], reporter: Reporter) -> None:
        """
        Say so if lines continue it that others would take for entries.
        """
        for before, token in itertools.pairwise(tokens):
            if token.line != before.line and token.column > 1:
                hint = "it continues the line before; GNU and busybox take it for an entry"
                found = "a line that begins with a blank"
                reporter.note(_NAME, token, found, "an entry on one line", hint)
                return

    def default(self, token: Token, reporter: Reporter) -> None:
        """
        Say what others make of an C{address:} line.
        """
        hint = "for FreeBSD and illumos it is no line at all, and FreeBSD's ends there"
        if "," in token.text:
            hint += "; NetBSD takes one host"
        reporter.note(_NAME, token, shown(token.text), "no such line", hint)
