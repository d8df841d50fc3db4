"""
Tests for L{txinetd.rpc.helper.main}.
"""

from __future__ import annotations

import io
import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txinetd.rpc.helper.libtirpc import Unreachable
from txinetd.rpc.helper.main import Entry, Keeper, serve

ONE: Entry = (100002, 2, "udp", "0.0.0.0.3.232")
TWO: Entry = (100002, 3, "udp", "0.0.0.0.3.232")
MOVED: Entry = (100002, 2, "udp", "0.0.0.0.3.233")


class MemoryRpcbind:
    """
    An rpcbind in memory.

    @ivar there: what is registered.
    @ivar calls: what it was asked to change.
    @ivar up: whether it answers.
    @ivar refuses: programs that it does not take.
    """

    def __init__(self, *entries: Entry) -> None:
        self.there = {entry[:3]: entry[3] for entry in entries}
        self.calls: list[tuple[object, ...]] = []
        self.up = True
        self.refuses: set[int] = set()

    def entries(self) -> dict[tuple[int, int, str], str]:
        """
        All that is registered.
        """
        if not self.up:
            raise Unreachable("rpcbind: not there")
        return dict(self.there)

    def register(self, program: int, version: int, transport: str, address: str) -> bool:
        """
        Register, where nothing is.
        """
        self.calls.append(("register", program, version, transport, address))
        if transport == "ipx":
            raise ValueError("ipx is not in /etc/netconfig")
        if program in self.refuses or (program, version, transport) in self.there:
            return False
        self.there[program, version, transport] = address
        return True

    def unregister(self, program: int, version: int, transport: str) -> bool:
        """
        Take out.
        """
        self.calls.append(("unregister", program, version, transport))
        return self.there.pop((program, version, transport), None) is not None


class KeeperTests(SynchronousTestCase):
    """
    Tests for L{Keeper}.
    """

    def setUp(self) -> None:
        self.rpcbind = MemoryRpcbind()
        self.keeper = Keeper(self.rpcbind)

    def test_set(self) -> None:
        """
        What is wanted is registered, each after whatever was there is taken out.
        """
        told = self.keeper.keep([ONE, TWO])
        self.assertEqual(told["set"], [ONE, TWO])
        self.assertEqual(told["ours"], [ONE, TWO])
        self.assertEqual(
            self.rpcbind.calls,
            [
                ("unregister", *ONE[:3]),
                ("register", *ONE),
                ("unregister", *TWO[:3]),
                ("register", *TWO),
            ],
        )

    def test_kept(self) -> None:
        """
        What is registered already is not touched.
        """
        self.keeper.keep([ONE, TWO])
        self.rpcbind.calls.clear()
        told = self.keeper.keep([TWO, ONE])
        self.assertEqual((told["set"], told["unset"], self.rpcbind.calls), ([], [], []))

    def test_stale(self) -> None:
        """
        What an earlier daemon has left elsewhere is replaced.
        """
        self.rpcbind.there[MOVED[:3]] = MOVED[3]
        self.assertEqual(self.keeper.keep([ONE])["set"], [ONE])
        self.assertEqual(self.rpcbind.there, {ONE[:3]: ONE[3]})

    def test_restarted(self) -> None:
        """
        An rpcbind that has forgotten everything is told again.
        """
        self.keeper.keep([ONE, TWO])
        self.rpcbind.there.clear()
        self.assertEqual(self.keeper.keep([ONE, TWO])["set"], [ONE, TWO])

    def test_unset(self) -> None:
        """
        What is not wanted any more is taken out, and nothing else.
        """
        other = (100001, 1, "udp")
        self.rpcbind.there[other] = "0.0.0.0.1.1"
        self.keeper.keep([ONE, TWO])
        self.assertEqual(self.keeper.keep([TWO])["unset"], [ONE])
        self.assertEqual(set(self.rpcbind.there), {other, TWO[:3]})

    def test_moved(self) -> None:
        """
        A service with another port than before is registered there.
        """
        self.keeper.keep([ONE])
        told = self.keeper.keep([MOVED])
        self.assertEqual((told["unset"], told["set"]), ([ONE], [MOVED]))

    def test_taken(self) -> None:
        """
        Who registers in our place is neither thrown out at the next look nor at the
        end.
        """
        self.keeper.keep([ONE])
        self.rpcbind.there[ONE[:3]] = MOVED[3]
        told = self.keeper.keep([ONE])
        self.assertEqual(told["taken"], [(*ONE, "registered for 0.0.0.0.3.233")])
        self.assertEqual(self.keeper.keep([])["unset"], [])
        self.assertEqual(self.rpcbind.there[ONE[:3]], MOVED[3])

    def test_handedDown(self) -> None:
        """
        What another process has registered for the same daemon is taken out, too.
        """
        self.rpcbind.there[ONE[:3]] = ONE[3]
        self.assertEqual(self.keeper.keep([], [ONE])["unset"], [ONE])

    def test_refused(self) -> None:
        """
        One that cannot be registered is told with the reason, and the others are
        registered all the same; it is tried again.
        """
        self.rpcbind.refuses.add(7)
        wanted = [(7, 1, "udp", "0.0.0.0.1.1"), (8, 1, "ipx", "x"), ONE]
        told = self.keeper.keep(wanted)
        self.assertEqual(
            told["failed"],
            [(*wanted[0], "rpcbind refuses"), (*wanted[1], "ipx is not in /etc/netconfig")],
        )
        self.assertEqual(told["set"], [ONE])
        self.rpcbind.refuses.clear()
        self.assertEqual(self.keeper.keep(wanted)["set"], [wanted[0]])

    def test_unreachable(self) -> None:
        """
        Where rpcbind does not answer, that is told, and nothing is tried.
        """
        self.rpcbind.up = False
        self.assertEqual(self.keeper.keep([ONE]), {"error": "rpcbind: not there"})
        self.assertEqual(self.rpcbind.calls, [])


class ServeTests(SynchronousTestCase):
    """
    Tests for L{serve}.
    """

    def serve(self, rpcbind: MemoryRpcbind, *requests: Any) -> list[Any]:
        """
        The answers to some requests.
        """
        lines = b"".join(json.dumps(request).encode() + b"\n" for request in requests)
        answers = io.BytesIO()
        serve(io.BytesIO(lines), answers, rpcbind)
        return [json.loads(line) for line in answers.getvalue().splitlines()]

    def test_lines(self) -> None:
        """
        Each line is answered by a line.
        """
        first, second = self.serve(
            MemoryRpcbind(), {"wanted": [ONE], "ours": []}, {"wanted": [], "ours": []}
        )
        self.assertEqual(first["set"], [list(ONE)])
        self.assertEqual(second["unset"], [list(ONE)])

    def test_end(self) -> None:
        """
        At the end of its input it takes out what it has registered, and only that.
        """
        rpcbind = MemoryRpcbind((1, 1, "udp", "0.0.0.0.0.9"))
        self.serve(rpcbind, {"wanted": [ONE, TWO], "ours": []})
        self.assertEqual(rpcbind.there, {(1, 1, "udp"): "0.0.0.0.0.9"})
