# -*- test-case-name: tests.test_config_inetd -*-
"""
Lines that are not those of a classic inetd.conf, known by name: what other
inetds and xinetd have, and whole files that only bear the name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from txinetd.config.lexer import Token
from txinetd.config.reporter import Reporter
from txinetd.config.rules import Rules
from txinetd.config.text import shown
from txinetd.errors import Diagnostic, Severity

__all__ = ["NO_ENTRY", "Foreign", "notInetdConf", "startsXinetd"]

#: So many lines, of which none looks like an entry, make a file something else.
NO_ENTRY = 3

_LINES = "lines of inetd.conf(5)"
_FIELDS = "service, type, protocol, wait or nowait, user, program"

#: The first words of what an xinetd.conf(5) holds.
_XINETD = frozenset({"service", "defaults", "include", "includedir"})
_ASSIGNMENTS = frozenset({"=", "+=", "-="})

#: What the second field of an entry can be, here or elsewhere.
_TYPES = frozenset({"stream", "dgram", "seqpacket", "raw", "rdm"})

#: An IPsec policy, as opposed to a comment that happens to begin with C{#@}.
_POLICY = re.compile(
    r"#@[ \t]*((?:in|out)[ \t].*|(?:ipsec|bypass|discard|none|entrust)\b.*)?", re.DOTALL
)


def startsXinetd(tokens: Sequence[Token]) -> bool:
    """
    Whether a line is the beginning of something in an xinetd.conf.
    """
    words = [each.text for each in tokens[:2]]
    return words[0] in _XINETD and (len(words) < 2 or words[1] not in _TYPES)


def _insideXinetd(tokens: Sequence[Token]) -> bool:
    """
    Whether a line is what follows such a beginning.
    """
    if tokens[0].text in ("{", "}"):
        return True
    return len(tokens) > 1 and tokens[1].text in _ASSIGNMENTS


def notInetdConf(first: Diagnostic) -> Diagnostic:
    """
    The one thing to say about a file in which no line looks like an entry.

    @param first: what was said about the first of them.
    """
    return Diagnostic(
        Severity.ERROR,
        "not-inetd-conf",
        attrs.evolve(first.origin, label=""),
        "a file in which no line looks like an entry",
        _LINES,
        "nothing in this file is used",
    )


@attrs.define
class Foreign:
    """
    Recognises such lines in one file.

    @ivar plausible: whether any line so far was like those of some inetd.conf.
    @ivar policy: whether an IPsec policy is in force.
    @ivar block: whether the lines before belong to an xinetd.conf.
    """

    plausible: bool = False
    policy: bool = False
    block: bool = False

    def comment(self, comment: Token, reporter: Reporter) -> None:
        """
        Take a comment line of the kind that is an IPsec policy elsewhere.
        """
        match = _POLICY.fullmatch(comment.text.rstrip(" \t")) if comment.column == 1 else None
        if match is None:
            return
        self.policy = bool(match.group(1))
        if self.policy:
            hint = "the services after it, up to a line '#@', are left out"
            found = shown(comment.text)
            reporter.drop("unsupported-policy", comment, found, "no IPsec policy", hint)

    def definition(self, name: Token, reporter: Reporter) -> bool:
        """
        Take an entry of the key=value form.

        @param name: its first word.
        @return: whether it cannot be had; then that has been said.
        """
        self.plausible = True
        self.block = False
        if self.policy:
            self._underPolicy(name, reporter)
        return reporter.dropped

    def _underPolicy(self, token: Token, reporter: Reporter) -> None:
        """
        Leave out a service that is to have an IPsec policy.
        """
        hint = "it stands after an IPsec policy, which is not supported"
        found = "a service under an IPsec policy"
        reporter.drop("unsupported-policy", token, found, "a service without one", hint)

    def keyed(self, tokens: tuple[Token, ...], rules: Rules, reporter: Reporter) -> bool:
        """
        Take a line that begins an entry of the key=value form, in a dialect that has none.

        @return: whether it is one; then that has been said.
        """
        if rules.directives or len(tokens) < 2 or tokens[1].text not in ("on", "off"):
            return False
        self.plausible = True
        found = shown(" ".join(each.text for each in tokens[:2]))
        hint = f"{rules.title} has no entries of keys and values; --dialect netbsd has"
        reporter.drop("unsupported-key-value", tokens[0], found, _FIELDS, hint)
        return True

    def line(self, tokens: Sequence[Token], reporter: Reporter) -> bool:
        """
        Take a line with words.

        @return: whether it is foreign; then everything about it has been said.
        """
        first = tokens[0]
        second = tokens[1].text if len(tokens) > 1 else ""
        self.plausible = self.plausible or re.split("[:,]", second, maxsplit=1)[0] in _TYPES
        if startsXinetd(tokens):
            self.block = True
            found = shown(" ".join(each.text for each in tokens[:2]))
            hint = "that is for a file of its own, in the format of xinetd.conf"
            reporter.drop("xinetd-format", first, found, _LINES, hint)
            return True
        self.block = self.block and _insideXinetd(tokens)
        if self.block:
            return True
        if self.policy:
            self._underPolicy(first, reporter)
        elif first.text.startswith("."):
            self.plausible = True
            hint = "directives are not supported; name the files with -f"
            reporter.drop("unsupported-directive", first, shown(first.text), _FIELDS, hint)
        elif second in _ASSIGNMENTS:
            hint = "keys and values stand in entries that begin with NAME on, and end with ;"
            reporter.drop("stray-key-value", first, shown(first.text), _FIELDS, hint)
        elif first.text.startswith("faith/"):
            hint = "faith is not supported"
            reporter.drop("unsupported-faith", first, shown(first.text), _FIELDS, hint)
        return reporter.dropped
