"""
See the C file of this name.
"""

from collections.abc import Iterable

MOST: int
NOT_STARTED: int

def isSupported(python: bytes, clearing: bool, /) -> bool:
    """
    Whether this system has what is used here, and does it.

    @param python: an interpreter, with which it is tried.
    @param clearing: whether to try first what L{clearsHandlers} says.
    """

def clearsHandlers() -> bool:
    """
    Whether the system takes the handlers of signals from new processes by itself
    (clone3(2)): then one here that is ignored is known within a second, and else at once.
    """

def present(patience: int, /) -> int:
    """
    How many processes are on their way to their programs, of L{MOST}.

    @param patience: those are ended that were started so many seconds ago, or longer:
        whoever they are may have stopped them, or keep them waiting for a directory.
    """

def isKeptFromUsers(setting: int, /) -> bool:
    """
    Whether nobody but root may look into a process of root's that has become another user's.

    @param setting: C{/proc/sys/fs/suid_dumpable}, open for reading; what is no 0 in it, or
        cannot be read, is a no, and so is it if this process is not root's.
    """

def waitForLast(nanoseconds: int, /) -> None:
    """
    Sleep until the process that was started last is its program, or has failed.

    @param nanoseconds: for how long, at most.
    """

def release() -> None:
    """
    Wait until all processes that share the table of descriptors have one of their own, and
    let go of what has been held for them.
    """

def start(
    executable: bytes,
    argv: Iterable[bytes],
    environment: Iterable[bytes],
    directory: bytes,
    descriptor: int,
    terms: tuple[int, int, int, int, int, bytes | None],
    failures: int,
    reserved: int,
    /,
) -> int:
    """
    Start a program, in a session of its own, with no descriptor but 0 to 2 and no signal
    ignored (see L{clearsHandlers}) or blocked.

    @param executable: the file.
    @param argv: its arguments, beginning with argv[0].
    @param environment: C{NAME=value} each.
    @param directory: where it starts.
    @param descriptor: becomes 0, 1 and 2.
    @param terms: its file mode creation mask; its soft and hard limit on descriptors, of
        which the first is 0 if they are this process's; the numbers of its user and its
        group; and those of all of its groups, as C holds them, or C{None} to stay who this
        process is.
    @param failures: a socket of packets, numbered 3 or more.  A process that does not come
        as far as its program says so there: its process id, the step and the errno, as C
        holds these three, and with them what was to be its descriptors.  Then it ends
        with L{NOT_STARTED}.
    @param reserved: a descriptor numbered 3 or more, to have the process share the table of
        descriptors until it has a copy of that up to this one; this is C{descriptor} until
        L{release}, and then C{failures}.  Or -1, to copy all.
    @return: its process id, or 0 where as many are on their way as may be.
    @raise OSError: if there can be no process.
    @raise ValueError: if there is a zero byte in a string, or such a descriptor cannot be.
    """
