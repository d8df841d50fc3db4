# -*- test-case-name: tests.test_wrap_wrapper -*-
"""
tcp wrappers: hosts.allow and hosts.deny with the real libwrap, which never runs in
this process.

Whoever decides about a connection keeps one L{Wrapper} for all of them::

    wrapper = Wrapper(reactor, reaper, limit)
    answered = wrapper.ask(b"in.ftpd", "192.0.2.7", 40001, "192.0.2.1", 21, descriptor)

and waits for the L{Answer}: the connection is served with the answer's environment if it
is allowed, else closed.  The descriptor has to stay open, and nobody may read from or
write to the connection, until then.  L{unavailable} says what is wrong where libwrap
is not installed; every question is answered with a refusal then.
"""

from txinetd.wrap.answer import Answer, refusal
from txinetd.wrap.available import LIBRARY, unavailable
from txinetd.wrap.wrapper import Wrapper

__all__ = ["LIBRARY", "Answer", "Wrapper", "refusal", "unavailable"]
