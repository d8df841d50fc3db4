# -*- test-case-name: tests.test_convert_units -*-
"""
A pair of units in the making, and what is lost on the way.
"""

from __future__ import annotations

import enum

import attrs

__all__ = ["Draft", "Grade", "Loss", "rawText"]


class Grade(enum.IntEnum):
    """
    How much is lost.
    """

    #: Nothing that was asked for, but something is done in another way.
    OTHERWISE = 0
    #: Something that the service did, or did differently.
    FUNCTION = 1
    #: Something that kept the service, or the machine, from harm.
    PROTECTION = 2
    #: The service.
    SERVICE = 3


@attrs.frozen
class Loss:
    """
    One thing that a unit does not have, or not in the same way.

    @ivar grade: how much that is.
    @ivar attribute: the key of L{txinetd.config.settings} that asks for it, or a word
        for what has none.
    @ivar text: what becomes of it.
    """

    grade: Grade
    attribute: str
    text: str


@attrs.define
class Draft:
    """
    What is known so far.

    @ivar accepts: whether systemd accepts the connections (C{Accept=yes}).
    @ivar socket: the assignments of the section C{[Socket]}.
    @ivar service: those of C{[Service]}.
    @ivar losses: what is lost.
    """

    accepts: bool = False
    socket: list[tuple[str, str]] = attrs.field(factory=list)
    service: list[tuple[str, str]] = attrs.field(factory=list)
    losses: list[Loss] = attrs.field(factory=list)

    def otherwise(self, attribute: str, text: str) -> None:
        """
        Something is done in another way.
        """
        self.losses.append(Loss(Grade.OTHERWISE, attribute, text))

    def change(self, attribute: str, text: str) -> None:
        """
        Something is not done, or done differently.
        """
        self.losses.append(Loss(Grade.FUNCTION, attribute, text))

    def unprotect(self, attribute: str, text: str) -> None:
        """
        The service is less protected.
        """
        self.losses.append(Loss(Grade.PROTECTION, attribute, text))

    def leaveOut(self, attribute: str, text: str) -> None:
        """
        There can be no unit.
        """
        self.losses.append(Loss(Grade.SERVICE, attribute, text))

    @property
    def grade(self) -> Grade:
        """
        The worst of all losses.
        """
        return max((each.grade for each in self.losses), default=Grade.OTHERWISE)


def rawText(data: bytes) -> str | None:
    """
    A value that systemd takes as it stands, without quotes; C{None} where it cannot be
    written.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if not text.isprintable() or text != text.strip() or text.endswith("\\"):
        return None
    return text.replace("%", "%%")
