# -*- test-case-name: tests.test_wrap_cache -*-
"""
Decisions that are remembered: those of rules that look at addresses alone, for as
long as the rule files are known not to have changed.
"""

from __future__ import annotations

from collections import OrderedDict

from txinetd.wrap.answer import Answer, Key

__all__ = ["Cache"]


class Cache:
    """
    The decisions, of which the ones that were not asked for longest go first.

    Nobody watches the files: each question that is really asked also tells what
    generation they are now.  What is remembered counts for L{fresh} seconds after
    that; then the next question is asked, and if nothing has changed all of it counts
    again.  So an edit is heard of in time however much or little is asked.
    """

    #: Seconds that files may be taken for unchanged.
    fresh = 0.5

    def __init__(self, most: int) -> None:
        """
        @param most: so many at most.
        """
        self._most = most
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._generation = -1
        self._seen = 0.0

    def __len__(self) -> int:
        """
        How many are remembered.
        """
        return len(self._answers)

    def clear(self) -> None:
        """
        Remember nothing: whoever counts the generations begins anew.
        """
        self._answers.clear()
        self._generation = -1

    def look(self, key: Key, now: float) -> Answer | None:
        """
        The decision for a question, if there is one that counts.
        """
        if now - self._seen > self.fresh:
            return None
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def heard(self, generation: int, asked: float) -> None:
        """
        The files were seen to be of a generation.

        @param asked: a time not later than that.
        """
        if generation < self._generation:
            return  # an answer that took longer than a later one
        if generation > self._generation:
            self._answers.clear()
            self._generation, self._seen = generation, asked
        else:
            self._seen = max(self._seen, asked)

    def keep(self, key: Key, answer: Answer, generation: int) -> None:
        """
        Remember a decision.

        @param generation: of the files that it was made by.
        """
        if generation != self._generation:
            return
        self._answers[key] = answer
        self._answers.move_to_end(key)
        if len(self._answers) > self._most:
            self._answers.popitem(last=False)
