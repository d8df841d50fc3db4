"""
Tests for L{txinetd}.
"""

import signal as _signal

# What a shell starts in the background ignores these, and hands that on: to the daemons
# that are tested, which a test then could not interrupt.
for _number in (_signal.SIGINT, _signal.SIGQUIT):
    if _signal.getsignal(_number) is _signal.SIG_IGN:
        _signal.signal(_number, _signal.SIG_DFL)

# The same of nohup(1): to outlive a terminal it is enough that this process does nothing.
if _signal.getsignal(_signal.SIGHUP) is _signal.SIG_IGN:
    _signal.signal(_signal.SIGHUP, lambda number, frame: None)
