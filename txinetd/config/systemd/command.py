# -*- test-case-name: tests.test_config_systemd_command -*-
"""
C{ExecStart}: the program and its arguments.

Prefixes of the program: C{@} (argv[0] follows), C{-} (how it ends is all one) and C{:}
(no variables) are carried out; C{+} and C{!}, which give it more rights than the rest
of the unit does, are refused.  A variable that C{Environment} sets is replaced, as
C{$NAME} by its words where that is all of an argument, as C{${NAME}} by its text.
"""

from __future__ import annotations

import re

from txinetd.config.systemd.scope import Scope
from txinetd.config.systemd.unitfile import Assignment
from txinetd.config.systemd.words import Word
from txinetd.config.text import shown
from txinetd.spec import Program

__all__ = ["program"]

_KEY = ("Service", "ExecStart")
_DOLLAR = re.compile(r"\$\$|\$\{([^}]*)\}")
_ALONE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


def program(scope: Scope, variables: dict[bytes, bytes]) -> Program | None:
    """
    What is started.

    @param variables: what C{Environment} sets.
    """
    given = scope.all(*_KEY)
    if len(given) != 1:
        first = (given or scope.pair.found)[-1]
        expected = "one ExecStart= in the service"
        found = f"{len(given)} ExecStart="
        scope.drop(first, first.key, "bad-command", found, expected)
        return None
    (at,) = given
    words = scope.words(at)
    if words is None:
        return None
    if any(word.token.text == ";" for word in words):
        scope.drop(at, at.token(), "bad-command", "several commands", "one command")
        return None
    if not words:
        scope.bad(at, "a program")
        return None
    return _made(scope, at, words, variables)


def _made(
    scope: Scope, at: Assignment, words: list[Word], variables: dict[bytes, bytes]
) -> Program | None:
    """
    The program of a command.
    """
    first = words[0]
    rest = first.text.lstrip("@-:+!")
    prefixes = first.text[: len(first.text) - len(rest)]
    if set(prefixes) & set("+!"):
        hint = "it would run with more rights than the rest of the unit says"
        scope.drop(at, first.token, "privileged-command", shown(prefixes), "no + or !", hint)
        return None
    path = scope.text(at, rest)
    if path is None:
        return None
    if not path.startswith("/") or path.endswith("/"):
        scope.drop(at, first.token, "relative-program", shown(path), "an absolute path")
        return None
    arguments: list[bytes] = []
    for word in words if "@" not in prefixes else words[1:]:
        text = path if word is first else scope.text(at, word.text)
        if text is None:
            return None
        if ":" in prefixes:
            arguments.append(text.encode("utf-8", "surrogateescape"))
            continue
        made = _replaced(scope, at, Word(word.token, text), variables)
        if made is None:
            return None
        arguments += made
    if not arguments:
        scope.drop(at, first.token, "bad-command", "a program alone", "argv[0] after @")
        return None
    return Program(path.encode("utf-8", "surrogateescape"), tuple(arguments))


def _replaced(
    scope: Scope, at: Assignment, word: Word, variables: dict[bytes, bytes]
) -> list[bytes] | None:
    """
    An argument with its variables replaced: perhaps several, or none.
    """
    if "$" not in word.text:
        return [word.value]
    alone = _ALONE.fullmatch(word.text)
    found = [match[1] for match in _DOLLAR.finditer(word.text) if match[1] is not None]
    names = found if alone is None else [alone[1]]
    for name in names:
        if name.encode() not in variables:
            expected = "a variable that Environment= sets"
            hint = "what it is elsewhere is not known here; in an argument $$ is a dollar"
            scope.drop(at, word.token, "unknown-variable", shown(f"${name}"), expected, hint)
            return None
    if alone is not None:
        return variables[alone[1].encode()].split()
    said, position = b"", 0
    text = word.text
    for match in _DOLLAR.finditer(text):
        said += text[position : match.start()].encode("utf-8", "surrogateescape")
        said += b"$" if match[1] is None else variables[match[1].encode()]
        position = match.end()
    return [said + text[position:].encode("utf-8", "surrogateescape")]
