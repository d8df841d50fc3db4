# -*- test-case-name: tests.test_handlers_identify -*-
"""
Whose a connection is: when that is asked, and what the record has of the answer.
"""

from __future__ import annotations

import attrs
from twisted.internet.defer import Deferred

from txinetd.process.facts import ConnectionFacts
from txinetd.record import ConnectionRecord
from txinetd.recording import Recording
from txinetd.sockets.identclient import IdentClient, Identified
from txinetd.spec import ServiceSpec

__all__ = ["NOT_IDENTIFIED", "Questions", "questions"]

#: The name of the rule that lets in only who is named.
NOT_IDENTIFIED = "identified"


@attrs.frozen
class Questions:
    """
    When a service's clients are asked about.

    @ivar success: before their server starts.
    @ivar failure: before they are refused.
    @ivar only: whether who is not named is refused.
    """

    success: bool = False
    failure: bool = False
    only: bool = False

    def beforeServing(
        self, client: IdentClient, record: ConnectionRecord, facts: ConnectionFacts
    ) -> Deferred[str] | None:
        """
        Ask about somebody who has been let in.

        @return: fires with why nobody was named, which is empty where somebody was;
            C{None} where there is nobody to ask.
        """
        return _noted(client.ask(facts), record) if self.success else None

    def beforeRefusing(
        self, client: IdentClient, record: ConnectionRecord, facts: ConnectionFacts
    ) -> Deferred[str] | None:
        """
        The same for somebody who is going to be refused.
        """
        return _noted(client.ask(facts, client.mostRefused), record) if self.failure else None


def questions(spec: ServiceSpec, recording: Recording) -> Questions:
    """
    When a service's clients are asked about.

    @param spec: the service.
    @param recording: what is written about those who come to it.
    """
    only = spec.access.identified
    return Questions(only or "USERID" in recording.onSuccess, "USERID" in recording.onFailure, only)


def _noted(asked: Deferred[Identified] | None, record: ConnectionRecord) -> Deferred[str] | None:
    """
    Note an answer in a record.
    """

    def note(answer: Identified) -> str:
        record.remoteUser, record.remoteSystem = answer.user, answer.system
        return answer.reason

    return None if asked is None else asked.addCallback(note)
