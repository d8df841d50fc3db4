"""
Tests for L{txinetd.gate.assemble}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.gate_support import HERE, THERE
from txinetd.gate.assemble import accessRules
from txinetd.gate.networks import single
from txinetd.policy import EVERYBODY, Access, AddressRule


class Noon:
    """
    It is always noon.
    """

    def minute(self) -> int:
        """
        Noon.
        """
        return 12 * 60

    def secondsTo(self, minute: int) -> float:
        """
        As it is.
        """
        return float((minute - 12 * 60) % (24 * 60) * 60)


def refusals(access: Access) -> list[str | None]:
    """
    By which rule each of two sources is refused, if by any.
    """
    found: list[str | None] = []
    for source in (HERE, THERE):
        said = [rule.check(source, 0.0) for rule in accessRules(access, Noon())]
        found.append(next((refusal.rule for refusal in said if refusal is not None), None))
    return found


class AssembleTests(SynchronousTestCase):
    """
    Tests for L{accessRules}.
    """

    def test_everybody(self) -> None:
        """
        Where everybody may come in there is nothing to ask.
        """
        self.assertEqual(accessRules(EVERYBODY, Noon()), ())

    def test_nobody(self) -> None:
        """
        Where nobody may, that is a rule although none was written.
        """
        self.assertEqual(refusals(Access(default=False)), ["access", "access"])

    def test_addresses(self) -> None:
        """
        Rules by address keep out whom they name, or all others.
        """
        rule = AddressRule(False, (single(HERE.text),), HERE.text)
        self.assertEqual(refusals(Access(rules=(rule,))), ["access", None])
        rule = AddressRule(True, (single(HERE.text),), HERE.text)
        self.assertEqual(refusals(Access(rules=(rule,), default=False)), [None, "access"])

    def test_times(self) -> None:
        """
        Times are for all.
        """
        noon = 12 * 60
        self.assertEqual(refusals(Access(times=((noon, noon + 1),))), [None, None])
        self.assertEqual(refusals(Access(times=((0, noon),))), ["access-times"] * 2)

    def test_order(self) -> None:
        """
        Who may never come in is told that, and not to come at another time.
        """
        rule = AddressRule(False, (single(HERE.text),), HERE.text)
        found = refusals(Access(rules=(rule,), times=((0, 1),)))
        self.assertEqual(found, ["access", "access-times"])
