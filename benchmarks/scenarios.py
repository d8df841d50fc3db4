"""
The scenarios: what is measured, of whom, and with how much besides.
"""

from __future__ import annotations

import attrs

__all__ = ["SCENARIOS", "Scenario"]


@attrs.frozen
class Scenario:
    """
    One thing to measure.

    @ivar title: what is printed.
    @ivar kind: the kind of measurement, as in L{benchmarks.kinds.KINDS}.
    @ivar together: connections at a time.
    @ivar switched: whether the server runs as another user.
    @ivar program: a program of L{benchmarks.programs}, or an internal service.
    @ivar mode: what a conversation is: C{end}, C{answer} or C{udp}, as in C{client.c}.
    @ivar request: what the client sends before it half-closes.
    @ivar grows: of what there are several sizes: C{services} that are configured,
        connections C{alive}, C{rules} about who may come in, which all limits come with,
        or nothing.
    @ivar limited: the limits of the service, as in L{benchmarks.running.Service}.
    @ivar sizes: how many of them there are, one after the other.
    """

    title: str
    kind: str = "rate"
    together: int = 8
    switched: bool = False
    program: str = "static"
    mode: str = "end"
    request: str = ""
    grows: str = ""
    limited: str = ""
    sizes: tuple[int, ...] = (1,)


SCENARIOS = {
    "same": Scenario("the daemon's user, 8 clients"),
    "switched": Scenario("another user, 8 clients", switched=True),
    "one": Scenario("the daemon's user, 1 client", together=1),
    "one-switched": Scenario("another user, 1 client", together=1, switched=True),
    "many": Scenario("the daemon's user, 64 clients", together=64),
    "many-switched": Scenario("another user, 64 clients", together=64, switched=True),
    # The same with a program that takes next to no time itself.
    "bare": Scenario("a program without the C library, 8 clients", program="bare"),
    "bare-switched": Scenario(
        "a program without the C library, another user, 8 clients", program="bare", switched=True
    ),
    "bare-one": Scenario("a program without the C library, 1 client", program="bare", together=1),
    "bare-one-switched": Scenario(
        "a program without the C library, another user, 1 client",
        program="bare",
        together=1,
        switched=True,
    ),
    "bare-many": Scenario(
        "a program without the C library, 64 clients", program="bare", together=64
    ),
    "bare-many-switched": Scenario(
        "a program without the C library, another user, 64 clients",
        program="bare",
        together=64,
        switched=True,
    ),
    "answer": Scenario("the daemon's user, 8 clients, until the answer comes", mode="answer"),
    "shell": Scenario("/bin/sh -c, 8 clients", program="shell"),
    "python": Scenario("a Python script, 8 clients", program="python"),
    "services": Scenario("services configured, 8 clients", grows="services", sizes=(1, 1000, 5000)),
    "alive": Scenario(
        "servers alive, 8 clients",
        program="holding",
        request="x",
        grows="alive",
        sizes=(0, 1000, 5000),
    ),
    "echo": Scenario("internal echo, 8 clients", program="echo", request="hello"),
    "daytime": Scenario("internal daytime, 8 clients", program="daytime"),
    "udp": Scenario(
        "internal echo of datagrams, 1 client",
        together=1,
        program="echo",
        mode="udp",
        request="hello",
    ),
    # xinetd answers one and throws away what else has come: its losses are its own.
    "udp-many": Scenario(
        "internal echo of datagrams, 8 clients", program="echo", mode="udp", request="hello"
    ),
    "gate": Scenario(
        "rules and all limits, or the default ones, 8 clients", grows="rules", sizes=(0, 10)
    ),
    "flood": Scenario(
        "a client, while another network sends a flood, on a service limited per source",
        "flood",
        together=1,
        limited="source",
    ),
    "fairness": Scenario(
        "a client of one service, while another service is flooded", "flood", together=1
    ),
    "memory": Scenario(
        "memory of all processes, idle", "memory", grows="services", sizes=(1, 100, 1000)
    ),
    "live": Scenario(
        "memory for a live connection, without its server",
        "live",
        program="holding",
        request="x",
        grows="alive",
        sizes=(1000,),
    ),
    "live-echo": Scenario(
        "memory for a live connection to the internal echo",
        "live",
        program="echo",
        request="x",
        grows="alive",
        sizes=(1000,),
    ),
    "start": Scenario(
        "from the start to the first answer", "start", grows="services", sizes=(1, 1000)
    ),
    "reload": Scenario(
        "a reload that changes one service", "reload", grows="services", sizes=(1000,)
    ),
}
