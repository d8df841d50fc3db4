# -*- test-case-name: tests.test_config_xinetd_options -*-
"""
The command line of xinetd(8), whose options have one dash and many letters: what each
of them is here.

They are rewritten before a command line is parsed, where one of its files is in the
format of xinetd.conf(5); nowhere else, for C{-filelog} could as well be C{-f ilelog}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import attrs

from txinetd.errors import UsageProblem

__all__ = ["OPTIONS", "Rewritten", "XinetdOption", "rewritten"]


@attrs.frozen
class XinetdOption:
    """
    One option of xinetd(8).

    @ivar takes: what the word after it is, or empty where there is none.
    @ivar words: what stands in its place; C{{}} is the word after it.
    @ivar last: whether that comes after everything else.
    @ivar parent: the option of C{twistd} that it sets: to the word after it, or on.
    @ivar note: what to say, where it asks for what is so anyway or does nothing.
    @ivar answer: what to say where it cannot be done, and to end with.
    """

    takes: str = ""
    words: tuple[str, ...] = ()
    last: bool = False
    parent: str = ""
    note: str = ""
    answer: str = ""


#: The options by their words.
OPTIONS: Mapping[str, XinetdOption] = MappingProxyType(
    {
        "-d": XinetdOption(parent="nodaemon", note="it stays in the foreground; --check says more"),
        "-dontfork": XinetdOption(parent="nodaemon"),
        "-filelog": XinetdOption("FILE", parent="logfile"),
        "-pidfile": XinetdOption("FILE", parent="pidfile"),
        "-syslog": XinetdOption(
            "FACILITY",
            answer="twistd --syslog logs to syslog, --record-to syslog:FACILITY records",
        ),
        "-stayalive": XinetdOption(note="it always stays"),
        "-limit": XinetdOption("NUMBER", words=("--limit", "{}")),
        "-logprocs": XinetdOption("NUMBER", words=("--questions", "{}")),
        "-inetd_compat": XinetdOption(words=("-f", "txinetd:/etc/inetd.conf"), last=True),
        "-inetd_ipv6": XinetdOption(note="tcp and udp in an inetd.conf are both families"),
        "-cc": XinetdOption("SECONDS", note="there is no state to check from time to time"),
        "-reuse": XinetdOption(note="addresses are always reused"),
        "-shutdownprocs": XinetdOption("NUMBER", note="xinetd itself has given it up"),
        "-version": XinetdOption(words=("--version",)),
    }
)


@attrs.frozen
class Rewritten:
    """
    A command line with what xinetd has replaced by what is here.

    @ivar words: the command line.
    @ivar parent: options of C{twistd} to be set, with their values.
    @ivar notes: what to say, one line each.
    """

    words: tuple[str, ...]
    parent: tuple[tuple[str, str | bool], ...] = ()
    notes: tuple[str, ...] = ()


def rewritten(
    words: Sequence[str], isXinetd: Callable[[str | None], bool], parent: frozenset[str]
) -> Rewritten:
    """
    Rewrite a command line.

    @param isXinetd: says of an argument of C{-f} whether that is a file for xinetd;
        C{None} is the file that is read without any.
    @param parent: the options that can be set before our own: those of C{twistd}, none
        with C{twist}.
    @raise UsageProblem: it has an option that cannot be done.
    """
    files, found = _files(words)
    if not found or not any(map(isXinetd, files or [None])):
        return Rewritten(tuple(words))
    rewriting = _Rewriting(parent)
    rest = list(words)
    while rest:
        word = rest.pop(0)
        option = OPTIONS.get(word)
        if word == "--":
            rewriting.words += [word, *rest]
            break
        if option is None:
            rewriting.words.append(word)
            continue
        if option.takes and not _valueFollows(rest):
            raise UsageProblem(f"{word}: expected {option.takes} after it")
        rewriting.option(word, option, rest.pop(0) if option.takes else "")
    return Rewritten(
        (*rewriting.words, *rewriting.last), tuple(rewriting.set), tuple(rewriting.notes)
    )


def _files(words: Sequence[str]) -> tuple[list[str | None], bool]:
    """
    The files that a command line names, and whether it has options of xinetd's.
    """
    files: list[str | None] = []
    found = False
    rest = list(words)
    while rest:
        word = rest.pop(0)
        option = OPTIONS.get(word)
        if word == "--":
            break
        if option is not None:
            found = True
            del rest[: 1 if option.takes and _valueFollows(rest) else 0]
        elif word in ("-f", "--file"):
            files += rest[:1]
            del rest[:1]
        elif word.startswith("--file="):
            files.append(word.partition("=")[2])
        elif word.startswith("-f"):
            files.append(word[2:])
    return files, found


def _valueFollows(rest: Sequence[str]) -> bool:
    """
    Whether the next word is an option's value.
    """
    return bool(rest) and not rest[0].startswith("-")


@attrs.define
class _Rewriting:
    """
    A command line in the making.
    """

    parent: frozenset[str]
    words: list[str] = attrs.field(factory=list)
    last: list[str] = attrs.field(factory=list)
    set: list[tuple[str, str | bool]] = attrs.field(factory=list)
    notes: list[str] = attrs.field(factory=list)

    def option(self, word: str, option: XinetdOption, value: str) -> None:
        """
        Take one option.
        """
        if option.answer:
            raise UsageProblem(f"{word}: {option.answer}")
        if option.note:
            self.notes.append(f"{word}: {option.note}")
        words = [value if each == "{}" else each for each in option.words]
        (self.last if option.last else self.words).extend(words)
        if not option.parent:
            return
        if option.parent in self.parent:
            self.set.append((option.parent, value or True))
        elif value:
            raise UsageProblem(f"{word}: that is for twistd; twist has options of its own")
