# -*- test-case-name: tests.test_gate_window -*-
"""
Tests for L{txinetd.gate.window}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from txinetd.gate.window import IWindow, SlidingWindow, Unlimited

limits = st.integers(min_value=1, max_value=12)
spans = st.floats(min_value=0.001, max_value=1000, allow_nan=False)
#: Mostly small steps, so that many arrivals fall into one window, and now and
#: then one that empties it.
steps = st.one_of(st.just(0.0), st.floats(0, 1), st.floats(0, 3000))
origins = st.floats(min_value=0, max_value=1e9)


def arrivals(origin: float, gaps: list[float]) -> list[float]:
    """
    Times that follow one another by C{gaps}.
    """
    times = []
    for gap in gaps:
        origin += gap
        times.append(origin)
    return times


class SlidingWindowTests(SynchronousTestCase):
    """
    Tests for L{SlidingWindow}.
    """

    def test_interface(self) -> None:
        """
        It is a window as the gate knows them.
        """
        self.assertTrue(verifyObject(IWindow, SlidingWindow(1, 1)))

    def test_full(self) -> None:
        """
        The limit is admitted and not one more.
        """
        window = SlidingWindow(3, 60)
        self.assertEqual([window.admit(0) for _ in range(5)], [True] * 3 + [False] * 2)

    def test_oldestLeaves(self) -> None:
        """
        A place is free again exactly when the oldest start is as old as the
        window is long, and not before.
        """
        window = SlidingWindow(2, 60)
        window.admit(0)
        window.admit(10)
        self.assertEqual([window.admit(59.999), window.admit(60)], [False, True])

    def test_onePlacePerStart(self) -> None:
        """
        The start that leaves makes one place, not a whole new allowance.
        """
        window = SlidingWindow(2, 60)
        window.admit(0)
        window.admit(10)
        window.admit(60)
        self.assertFalse(window.admit(61))

    def test_refusedDoNotCount(self) -> None:
        """
        Whoever keeps knocking at a full window does not keep it shut.
        """
        window = SlidingWindow(1, 60)
        for second in range(60):
            window.admit(second)
        self.assertTrue(window.admit(60))

    def test_hasRoom(self) -> None:
        """
        To ask whether there is room does not count, and to count does not ask.
        """
        window = SlidingWindow(1, 60)
        found = [window.hasRoom(0), window.hasRoom(0)]
        window.note(0)
        found += [window.hasRoom(59), window.hasRoom(60)]
        self.assertEqual(found, [True, True, False, True])

    def test_reopensAtOpen(self) -> None:
        """
        A window with room is open now.
        """
        self.assertEqual(SlidingWindow(1, 60).reopensAt(5), 5)

    def test_reopensAtFull(self) -> None:
        """
        A full window opens when its oldest start leaves.
        """
        window = SlidingWindow(2, 60)
        window.admit(3)
        window.admit(4)
        self.assertEqual(window.reopensAt(10), 63)

    def test_fallsTo(self) -> None:
        """
        It can be told when no more than a given number of starts is left.
        """
        window = SlidingWindow(4, 60)
        for second in range(4):
            window.admit(second)
        self.assertEqual([window.fallsTo(n, 10) for n in (4, 3, 1, 0)], [10, 60, 62, 63])

    def test_clockBack(self) -> None:
        """
        When the clock goes back a full window stays full for the time it had
        left, and no longer.
        """
        window = SlidingWindow(1, 60)
        window.admit(1000)
        window.admit(1020)
        self.assertEqual(
            [window.admit(5), window.admit(44), window.admit(45)], [False, False, True]
        )

    def test_lowered(self) -> None:
        """
        A lowered limit counts the starts made under the old one.
        """
        window = SlidingWindow(5, 60)
        for second in range(5):
            window.admit(second)
        lowered = window.withLimit(2)
        self.assertEqual([lowered.admit(62.5), lowered.admit(63)], [False, True])

    def test_loweredReopens(self) -> None:
        """
        A lowered window opens when all the starts that are too many have left.
        """
        window = SlidingWindow(5, 60)
        for second in range(5):
            window.admit(second)
        self.assertEqual(window.withLimit(2).reopensAt(10), 63)

    def test_raised(self) -> None:
        """
        A raised limit admits the difference.
        """
        window = SlidingWindow(2, 60)
        window.admit(0)
        window.admit(0)
        raised = window.withLimit(3)
        self.assertEqual([raised.admit(1), raised.admit(1)], [True, False])

    def test_loweredAndRaised(self) -> None:
        """
        A limit that was lowered for a moment has not forgiven anything.
        """
        window = SlidingWindow(5, 60)
        for _ in range(5):
            window.admit(0)
        self.assertFalse(window.withLimit(1).withLimit(5).admit(1))

    def test_limitLifted(self) -> None:
        """
        Without a limit the window is the one that is never closed.
        """
        self.assertIsInstance(SlidingWindow(1, 60).withLimit(None), Unlimited)

    def test_memoryGivenBack(self) -> None:
        """
        The memory that a burst took is given back by the quiet times after it.
        """
        window = SlidingWindow(1000, 60)
        for _ in range(1000):
            window.admit(0)
        for minute in range(1, 1001):
            window.admit(minute * 60)
        self.assertEqual(len(window), 1)

    def test_zeroRefused(self) -> None:
        """
        A limit of zero, which other inetds read as no limit at all, is not
        taken for one or the other.
        """
        self.assertRaises(ValueError, SlidingWindow, 0, 60)

    def test_emptySpanRefused(self) -> None:
        """
        A window without length would admit everything and is not accepted.
        """
        self.assertRaises(ValueError, SlidingWindow, 1, 0)

    @given(limits, spans, origins, st.lists(steps, max_size=120))
    def test_neverMore(self, limit: int, seconds: float, origin: float, gaps: list[float]) -> None:
        """
        However the arrivals fall, no interval of the window's length holds
        more starts than the limit.
        """
        window = SlidingWindow(limit, seconds)
        starts = [now for now in arrivals(origin, gaps) if window.admit(now)]
        for first, beyond in zip(starts, starts[limit:], strict=False):
            self.assertGreaterEqual(beyond, first + seconds)

    @given(limits, spans, origins, st.lists(steps, max_size=120))
    def test_neverLess(self, limit: int, seconds: float, origin: float, gaps: list[float]) -> None:
        """
        An arrival is refused only if the window before it is full of starts.
        """
        window = SlidingWindow(limit, seconds)
        starts: list[float] = []
        for now in arrivals(origin, gaps):
            held = sum(now < start + seconds for start in starts)
            self.assertEqual(window.admit(now), held < limit)
            if held < limit:
                starts.append(now)

    @given(limits, spans, origins, st.lists(steps, min_size=1, max_size=60))
    def test_alwaysRecovers(
        self, limit: int, seconds: float, origin: float, gaps: list[float]
    ) -> None:
        """
        At the time it names itself, which is never further away than its own
        length, a window admits somebody.
        """
        window = SlidingWindow(limit, seconds)
        times = arrivals(origin, gaps)
        for now in times:
            window.admit(now)
        reopens = window.reopensAt(times[-1])
        self.assertLessEqual(reopens, times[-1] + seconds)
        self.assertTrue(window.admit(reopens))

    @given(limits, st.lists(st.floats(min_value=0, max_value=1e9), min_size=1, max_size=60))
    def test_recoversFromAnyClock(self, limit: int, times: list[float]) -> None:
        """
        Whatever jumps a clock makes, back or forward, once it runs again the
        window is open after its length.
        """
        window = SlidingWindow(limit, 60)
        for now in times:
            window.admit(now)
        # One second more than the length, for what moving the starts rounds.
        self.assertTrue(window.admit(times[-1] + 61))

    @given(limits, st.lists(st.floats(min_value=0, max_value=1e9), max_size=60))
    def test_clockBackForgivesNothing(self, limit: int, times: list[float]) -> None:
        """
        A clock that only goes back admits no more than the limit in all.
        """
        window = SlidingWindow(limit, 60)
        admitted = sum(window.admit(now) for now in sorted(times, reverse=True))
        self.assertEqual(admitted, min(limit, len(times)))

    @given(
        limits,
        st.lists(st.one_of(st.floats(0, 100), st.integers(1, 12)), max_size=120),
    )
    def test_memoryBounded(self, limit: int, actions: list[float | int]) -> None:
        """
        There are never more starts in memory than the greatest limit, whatever
        arrives and however the limit is changed.
        """
        greatest = limit
        window: SlidingWindow | Unlimited = SlidingWindow(limit, 60)
        now = 0.0
        for action in actions:
            if isinstance(action, int):
                window = window.withLimit(action)
                greatest = max(greatest, action)
            else:
                now += action
                window.admit(now)
            assert isinstance(window, SlidingWindow)
            self.assertLessEqual(len(window), greatest)

    @given(st.lists(st.tuples(limits, st.floats(0, 30)), min_size=1, max_size=80))
    def test_changingLimitExact(self, arrived: list[tuple[int, float]]) -> None:
        """
        With the limit changed before every arrival, each is still judged by
        the starts of the last interval and the limit of that moment.
        """
        window: SlidingWindow | Unlimited = SlidingWindow(1, 60)
        starts: list[float] = []
        now = 0.0
        for limit, gap in arrived:
            now += gap
            window = window.withLimit(limit)
            held = sum(now < start + 60 for start in starts)
            self.assertEqual(window.admit(now), held < limit)
            if held < limit:
                starts.append(now)


class UnlimitedTests(SynchronousTestCase):
    """
    Tests for L{Unlimited}.
    """

    def test_interface(self) -> None:
        """
        It is a window as the gate knows them.
        """
        self.assertTrue(verifyObject(IWindow, Unlimited(60)))

    def test_admits(self) -> None:
        """
        It admits whatever comes.
        """
        window = Unlimited(60)
        self.assertTrue(all(window.admit(0) for _ in range(10000)))

    def test_open(self) -> None:
        """
        It is open now, and holds nothing that would have to leave.
        """
        window = Unlimited(60)
        window.admit(7)
        self.assertEqual((window.reopensAt(7), window.fallsTo(0, 7)), (7, 7))

    def test_limited(self) -> None:
        """
        When a limit is set it begins with an empty window of the same length.
        """
        window = Unlimited(30).withLimit(1)
        self.assertEqual([window.admit(0), window.admit(29), window.admit(30)], [True, False, True])

    def test_stillUnlimited(self) -> None:
        """
        No limit instead of no limit changes nothing.
        """
        window = Unlimited(30)
        self.assertIs(window.withLimit(None), window)
