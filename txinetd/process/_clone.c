/* Starts a program in a process that shares this one's memory until it has become that
 * program: clone(2) with CLONE_VM, but without CLONE_VFORK.
 *
 * vfork(2) is the same with the caller suspended meanwhile; fork(2) lets the caller go on,
 * but copies its page tables.  This does neither, which is what a process needs that starts
 * programs all day long and has other things to do.
 *
 * Between clone(2) and execve(2) the new process runs in this one's memory, beside it, on a
 * stack of its own.  So there it may
 *   - read what has been prepared for it, and write to its own stack, and say how far it is;
 *   - make system calls, and these directly: what the C library wraps around them sets errno,
 *     which is the calling thread's here, and may talk to other threads (setuid does);
 *   - not handle any signal, as the handlers are Python's: all are blocked before it is
 *     there, and none has a handler before it lets any come.
 * What it needs is kept until the kernel has cleared its thread id in memory, which it does
 * when the process leaves this memory, by execve(2) or by its end (CLONE_CHILD_CLEARTID).
 *
 * To copy the table of descriptors takes the longer the larger it is.  Where it is large
 * the new process shares that as well (CLONE_FILES), and takes a copy of its beginning only
 * (CLOSE_RANGE_UNSHARE); its own descriptor has a low number for as long. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Then it is not built (setup.py), and the other roads are taken. */
#if !defined(__linux__) || !(defined(__x86_64__) || defined(__aarch64__))
#error "not known for this system"
#endif

/* How many may be on their way at a time; how much memory each has, most of it its stack. */
#define MOST 128
#define ROOM 16384

/* Milliseconds that one may take for its first system call, before it is ended. */
#define PATIENCE 5000

/* Seconds for which it is remembered which signals are ignored. */
#define CURRENT 1

/* The flag of clone3(2), which older headers do not have. */
#define CLEAR_SIGHAND 0x100000000ULL

/* What a process ends with that did not come as far as its program. */
#define NOT_STARTED 127

/* The steps, as numbers; their names are Python's to know (STEPS). */
enum step { UNSHARE, SETSID, DUP2, CLOSE, SETRLIMIT, SIGACTION, SETGROUPS, SETGID, SETUID, VERIFY,
            CHDIR, EXEC };

/* What a process says of itself when it could not become its program. */
struct failure {
    int pid, step, error;
};

struct start {
    /* Not 0 as long as the process is in this memory. */
    int present;
    /* Not 0 when it has a table of descriptors of its own. */
    int apart;
    /* Not 0 as long as its descriptor is held here for it. */
    int held;
    /* Its process, and when that was started, in seconds. */
    pid_t pid;
    time_t since;
    /* What it uses, kept for it: arrays, and the objects that own what they point to. */
    const char **words;
    PyObject *executable, *argv, *environment, *directory, *groups;
    const char *const *argumentWords, *const *environmentWords;
    const char *path, *where;
    int descriptor, failures, reserved, switches;
    unsigned int umask, uid, gid;
    unsigned long long descriptors[2];
    /* In ascending order; and room for what the system says of them. */
    const unsigned int *groupNumbers;
    unsigned int *groupsFound;
    size_t groupCount;
    /* Signals, a bit for each, that may not have their defaults in it. */
    uint64_t unusual;
};

/* A system call, and nothing else: -errno where it fails. */
#if defined(__x86_64__)
static inline long call(long number, long a, long b, long c, long d) {
    long result;
    register long fourth __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                     : "rcx", "r11", "memory");
    return result;
}
#else
static inline long call(long number, long a, long b, long c, long d) {
    register long which __asm__("x8") = number;
    register long first __asm__("x0") = a;
    register long second __asm__("x1") = b;
    register long third __asm__("x2") = c;
    register long fourth __asm__("x3") = d;
    __asm__ volatile("svc 0"
                     : "+r"(first)
                     : "r"(which), "r"(second), "r"(third), "r"(fourth)
                     : "memory");
    return first;
}
#endif

/* What the kernel takes for rt_sigaction(2), which is not what the C library does; but all
 * that is written here is zero, and all that is read the handler, which comes first. */
struct action {
    unsigned long handler, rest[7];
};

/* The default of a signal. */
static const struct action standard;

#define SIGNALS 64
#define MASK_SIZE (SIGNALS / 8)
#define BIT(number) (1ULL << ((number) - 1))

/* Those that can have something else. */
#define ALL_SIGNALS (~(BIT(SIGKILL) | BIT(SIGSTOP)))

/* Could not: say so, give the descriptor back, and end. */
static void giveUp(const struct start *start, int descriptor, enum step step, long error) {
    struct failure failure = { (int)call(SYS_getpid, 0, 0, 0, 0), (int)step, (int)-error };
    struct iovec text = { &failure, sizeof failure };
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control;
    struct msghdr message = { .msg_iov = &text, .msg_iovlen = 1 };
    /* Whoever is to read it may be waiting for this process to have its own table. */
    int flags = step == UNSHARE ? MSG_NOSIGNAL | MSG_DONTWAIT : MSG_NOSIGNAL;
    if (descriptor >= 0) {
        control.aligned.cmsg_level = SOL_SOCKET;
        control.aligned.cmsg_type = SCM_RIGHTS;
        control.aligned.cmsg_len = CMSG_LEN(sizeof(int));
        *(int *)CMSG_DATA(&control.aligned) = descriptor;
        message.msg_control = &control;
        message.msg_controllen = CMSG_LEN(sizeof(int));
    }
    if (call(SYS_sendmsg, start->failures, (long)&message, flags, 0) < 0) {
        /* As many descriptors are under way as may be. */
        message.msg_controllen = 0;
        call(SYS_sendmsg, start->failures, (long)&message, flags, 0);
    }
    for (;;)
        call(SYS_exit_group, NOT_STARTED, 0, 0, 0);
}

/* Whether a group is one of those asked for. */
static int isAsked(const struct start *start, unsigned int group) {
    size_t low = 0, high = start->groupCount;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (start->groupNumbers[middle] < group)
            low = middle + 1;
        else
            high = middle;
    }
    return low < start->groupCount && start->groupNumbers[low] == group;
}

/* See that this is who it should be, and for good. */
static int isWho(const struct start *start) {
    unsigned int ids[3];
    if (call(SYS_getresuid, (long)&ids[0], (long)&ids[1], (long)&ids[2], 0) < 0 ||
        ids[0] != start->uid || ids[1] != start->uid || ids[2] != start->uid)
        return 0;
    if (call(SYS_getresgid, (long)&ids[0], (long)&ids[1], (long)&ids[2], 0) < 0 ||
        ids[0] != start->gid || ids[1] != start->gid || ids[2] != start->gid)
        return 0;
    if (call(SYS_getgroups, (long)start->groupCount, (long)start->groupsFound, 0, 0) !=
        (long)start->groupCount)
        return 0;
    for (size_t i = 0; i < start->groupCount; i++)
        if (!isAsked(start, start->groupsFound[i]))
            return 0;
    return start->uid == 0 || call(SYS_setresuid, 0, 0, 0, 0) < 0;
}

/* The new process. */
static int become(void *given) {
    struct start *start = given;
    unsigned long none = 0;
    long done;
    int descriptor = start->descriptor;

    if (start->reserved >= 0) {
        int last = start->reserved > start->failures ? start->reserved : start->failures;
        descriptor = start->reserved;
        done = call(SYS_close_range, (unsigned)last + 1, UINT_MAX, CLOSE_RANGE_UNSHARE, 0);
        if (done < 0)
            giveUp(start, descriptor, UNSHARE, done);
        __atomic_store_n(&start->apart, 1, __ATOMIC_RELEASE);
        call(SYS_futex, (long)&start->apart, FUTEX_WAKE, 1, 0);
    }
    done = call(SYS_setsid, 0, 0, 0, 0);
    if (done < 0)
        giveUp(start, descriptor, SETSID, done);

    /* Out of the way of what it is to replace. */
    if (descriptor < 3) {
        done = call(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, 3, 0);
        if (done < 0)
            giveUp(start, -1, DUP2, done);
        descriptor = (int)done;
    }
    for (int number = 0; number < 3; number++) {
        done = call(SYS_dup3, descriptor, number, 0, 0);
        if (done < 0)
            giveUp(start, -1, DUP2, done);
    }
    /* The channel is above 2 and goes by itself. */
    if ((start->failures > 3 && (done = call(SYS_close_range, 3, start->failures - 1, 0, 0)) < 0) ||
        (done = call(SYS_close_range, (unsigned)start->failures + 1, UINT_MAX, 0, 0)) < 0)
        giveUp(start, 0, CLOSE, done);
    if (start->descriptors[0]) {
        done = call(SYS_prlimit64, 0, RLIMIT_NOFILE, (long)start->descriptors, 0);
        if (done < 0)
            giveUp(start, 0, SETRLIMIT, done);
    }

    for (int number = 1; number <= SIGNALS; number++) {
        if (!(start->unusual & BIT(number)))
            continue;
        done = call(SYS_rt_sigaction, number, (long)&standard, 0, MASK_SIZE);
        if (done < 0)
            giveUp(start, 0, SIGACTION, done);
    }

    if (start->switches) {
        done = call(SYS_setgroups, (long)start->groupCount, (long)start->groupNumbers, 0, 0);
        if (done < 0)
            giveUp(start, 0, SETGROUPS, done);
        done = call(SYS_setresgid, start->gid, start->gid, start->gid, 0);
        if (done < 0)
            giveUp(start, 0, SETGID, done);
        done = call(SYS_setresuid, start->uid, start->uid, start->uid, 0);
        if (done < 0)
            giveUp(start, 0, SETUID, done);
        if (!isWho(start))
            giveUp(start, 0, VERIFY, 0);
    }
    call(SYS_umask, start->umask, 0, 0, 0);
    done = call(SYS_chdir, (long)start->where, 0, 0, 0);
    if (done < 0)
        giveUp(start, 0, CHDIR, done);
    call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, MASK_SIZE);
    done = call(SYS_execve, (long)start->path, (long)start->argumentWords,
                (long)start->environmentWords, 0);
    giveUp(start, 0, EXEC, done);
    return NOT_STARTED;
}

/* The rooms of those on their way come first in this list of all. */
static char *rooms;
static struct start *listed[MOST];
static unsigned int count;

/* Let go of what one has used. */
static void clear(struct start *start) {
    PyMem_Free((void *)start->words);
    PyMem_Free(start->groupsFound);
    start->words = NULL;
    start->groupsFound = NULL;
    Py_CLEAR(start->executable);
    Py_CLEAR(start->argv);
    Py_CLEAR(start->environment);
    Py_CLEAR(start->directory);
    Py_CLEAR(start->groups);
}

static time_t now(void) {
    struct timespec time = { 0, 0 };
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

/* Let go of what those have used who are not in this memory any more. */
static void collect(void) {
    for (unsigned int i = 0; i < count;) {
        struct start *start = listed[i];
        if (__atomic_load_n(&start->present, __ATOMIC_ACQUIRE) || start->held) {
            i++;
            continue;
        }
        count--;
        listed[i] = listed[count];
        listed[count] = start;
        clear(start);
    }
}

/* Append the words of a tuple, and the end of them; -1 and an exception if they are none. */
static int append(const char **into, PyObject *tuple) {
    Py_ssize_t length = PyTuple_Size(tuple);
    for (Py_ssize_t i = 0; i < length; i++) {
        char *text;
        /* NULL for the length: an exception where there is a zero byte inside. */
        if (PyBytes_AsStringAndSize(PyTuple_GetItem(tuple, i), &text, NULL) < 0)
            return -1;
        into[i] = text;
    }
    into[length] = NULL;
    return 0;
}

/* Prepare a start from Python's arguments; -1 and an exception if they are wrong. */
static int prepare(struct start *start, PyObject *given) {
    PyObject *executable, *argv, *environment, *directory, *terms, *groups;
    char *path, *where;
    if (!PyArg_ParseTuple(given, "SOOSiO!ii", &executable, &argv, &environment, &directory,
                          &start->descriptor, &PyTuple_Type, &terms, &start->failures,
                          &start->reserved) ||
        !PyArg_ParseTuple(terms, "IKKIIO", &start->umask, &start->descriptors[0],
                          &start->descriptors[1], &start->uid, &start->gid, &groups))
        return -1;
    start->argv = PySequence_Tuple(argv);
    start->environment = start->argv ? PySequence_Tuple(environment) : NULL;
    if (!start->environment || PyBytes_AsStringAndSize(executable, &path, NULL) < 0 ||
        PyBytes_AsStringAndSize(directory, &where, NULL) < 0)
        return -1;
    start->executable = Py_NewRef(executable);
    start->directory = Py_NewRef(directory);
    start->path = path;
    start->where = where;
    if (start->failures < 3 || start->descriptor < 0 || (start->reserved >= 0 && start->reserved < 3)) {
        PyErr_SetString(PyExc_ValueError, "no such descriptor");
        return -1;
    }
    start->switches = groups != Py_None;
    if (start->switches) {
        char *numbers;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(groups, &numbers, &size) < 0)
            return -1;
        start->groups = Py_NewRef(groups);
        start->groupNumbers = (const unsigned int *)numbers;
        start->groupCount = (size_t)size / sizeof(unsigned int);
        /* For none at all it would only be asked how many there are. */
        start->groupsFound = PyMem_Malloc((size_t)size + sizeof(unsigned int));
        if (!start->groupsFound) {
            PyErr_NoMemory();
            return -1;
        }
    }
    Py_ssize_t arguments = PyTuple_Size(start->argv);
    Py_ssize_t variables = PyTuple_Size(start->environment);
    start->words = PyMem_Malloc((size_t)(arguments + variables + 2) * sizeof(char *));
    if (!start->words) {
        PyErr_NoMemory();
        return -1;
    }
    start->argumentWords = (const char *const *)start->words;
    start->environmentWords = start->argumentWords + arguments + 1;
    if (append(start->words, start->argv) < 0 ||
        append(start->words + arguments + 1, start->environment) < 0)
        return -1;
    return 0;
}

/* Whether clone3(2) with CLONE_CLEAR_SIGHAND is used, so that the new process has no handlers
 * from the beginning.  To set all signals one by one takes it 13 microseconds.  Where it is
 * not permitted, as in many containers, or not known, it is clone(2). */
static int clears;

#if defined(__x86_64__)
/* What clone3(2) takes, as of Linux 5.3. */
struct terms {
    uint64_t flags, pidfd, childTid, parentTid, exitSignal, stack, stackSize, tls;
};

/* The same as clone(2) below; the C library has no function for it. */
static pid_t cloneClearing(int (*function)(void *), struct start *start, int flags) {
    size_t taken = (sizeof *start + 15) & ~(size_t)15;
    struct terms terms = {
        .flags = CLEAR_SIGHAND | CLONE_VM | CLONE_CHILD_CLEARTID | (uint64_t)flags,
        .childTid = (uint64_t)(uintptr_t)&start->present,
        .exitSignal = SIGCHLD,
        .stack = (uint64_t)(uintptr_t)((char *)start + taken),
        .stackSize = ROOM - taken,
    };
    long result;
    register int (*what)(void *) __asm__("r12") = function;
    register struct start *given __asm__("r13") = start;
    /* The new process has the other stack, and nothing to come back to. */
    __asm__ volatile("syscall\n\t"
                     "testq %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xorl %%ebp, %%ebp\n\t"
                     "movq %%r13, %%rdi\n\t"
                     "callq *%%r12\n\t"
                     "hlt\n"
                     "1:"
                     : "=a"(result)
                     : "a"((long)SYS_clone3), "D"(&terms), "S"(sizeof terms), "r"(what), "r"(given)
                     : "rcx", "r11", "memory", "cc");
    if (result >= 0)
        return (pid_t)result;
    errno = (int)-result;
    return -1;
}
#else
static pid_t cloneClearing(int (*function)(void *), struct start *start, int flags) {
    (void)function;
    (void)start;
    (void)flags;
    errno = ENOSYS;
    return -1;
}
#endif

/* The signals that are ignored here, and when they were looked up. */
static uint64_t ignored;
static time_t lookedUp;

/* Which signals have to be set in a process that has just been started: with clone3(2) those
 * that are ignored here. */
static uint64_t findUnusual(time_t present) {
    struct action action;
    if (!clears)
        return ALL_SIGNALS;
    if (present - lookedUp >= CURRENT) {
        ignored = 0;
        lookedUp = present;
        for (int number = 1; number <= SIGNALS; number++)
            if (ALL_SIGNALS & BIT(number) &&
                (call(SYS_rt_sigaction, number, 0, (long)&action, MASK_SIZE) < 0 ||
                 action.handler == (unsigned long)(uintptr_t)SIG_IGN))
                ignored |= BIT(number);
    }
    return ignored;
}

/* Run a function beside this one, in its memory, with all signals blocked. */
static pid_t beside(int (*function)(void *), struct start *start, int flags) {
    unsigned long all = ~0UL, before;
    start->since = now();
    start->unusual = findUnusual(start->since);
    call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, MASK_SIZE);
    start->present = 1;
    pid_t pid = clears ? cloneClearing(function, start, flags)
                       : clone(function, (char *)start + ROOM,
                               CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD | flags, start, NULL,
                               NULL, &start->present);
    int error = errno;
    call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, MASK_SIZE);
    start->pid = pid;
    if (pid < 0)
        start->present = 0;
    errno = error;
    return pid;
}

/* Have the rooms. */
static int furnish(void) {
    if (!rooms) {
        void *made = mmap(NULL, (size_t)MOST * ROOM, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        if (made == MAP_FAILED)
            return -1;
        rooms = made;
        for (unsigned int i = 0; i < MOST; i++)
            listed[i] = (struct start *)(rooms + (size_t)i * ROOM);
    }
    return 0;
}

/* Sleep for so many nanoseconds at most, and only as long as a number in memory is what it
 * is said to be. */
static void sleepWhile(const int *number, int value, long most) {
    struct timespec time = { most / 1000000000, most % 1000000000 };
    call(SYS_futex, (long)number, FUTEX_WAIT, value, (long)&time);
}

/* Those whose descriptors are still held here for them, under a reserved number each. */
static struct start *sharing[MOST];
static unsigned int sharers;

/* Let go of the descriptor of one, when it has a table of its own or has gone.  It takes two
 * system calls to be so far, unless it is stopped just then. */
static void part(struct start *start) {
    int slept = 0;
    while (!__atomic_load_n(&start->apart, __ATOMIC_ACQUIRE) &&
           __atomic_load_n(&start->present, __ATOMIC_ACQUIRE)) {
        sleepWhile(&start->apart, 0, 1000000);
        if (++slept > PATIENCE)
            kill(start->pid, SIGKILL);
    }
    /* Not closed, as its number must be nobody else's. */
    call(SYS_dup3, start->failures, start->reserved, O_CLOEXEC, 0);
    start->held = 0;
}

static PyObject *release(PyObject *module, PyObject *nothing) {
    (void)module;
    (void)nothing;
    while (sharers)
        part(sharing[--sharers]);
    Py_RETURN_NONE;
}

/* Start one that shares the table of descriptors at first. */
static pid_t startSharing(struct start *start) {
    long done = call(SYS_dup3, start->descriptor, start->reserved, O_CLOEXEC, 0);
    if (done < 0) {
        errno = (int)-done;
        return -1;
    }
    pid_t pid = beside(become, start, CLONE_FILES);
    if (pid < 0)
        call(SYS_dup3, start->failures, start->reserved, O_CLOEXEC, 0);
    else
        start->held = 1, sharing[sharers++] = start;
    return pid;
}

static PyObject *startOne(PyObject *module, PyObject *given) {
    (void)module;
    if (furnish() < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    collect();
    if (count == MOST)
        return PyLong_FromLong(0);
    struct start *start = listed[count];
    start->apart = 0;
    if (prepare(start, given) < 0) {
        clear(start);
        return NULL;
    }
    pid_t pid = start->reserved < 0 ? beside(become, start, 0) : startSharing(start);
    if (pid < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        clear(start);
        return NULL;
    }
    count++;
    return PyLong_FromLong(pid);
}

/* Whether a child of this process is there and has not ended. */
static int isAlive(pid_t pid) {
    siginfo_t end = { 0 };
    return pid > 0 && waitid(P_PID, (id_t)pid, &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           end.si_pid == 0;
}

static PyObject *waitForLast(PyObject *module, PyObject *most) {
    (void)module;
    long nanoseconds = PyLong_AsLong(most);
    if (PyErr_Occurred())
        return NULL;
    if (count)
        sleepWhile(&listed[count - 1]->present, 1, nanoseconds);
    Py_RETURN_NONE;
}

/* Whether no signal has a handler. */
static int isClear(void) {
    struct action action;
    for (int number = 1; number <= SIGNALS; number++)
        if (call(SYS_rt_sigaction, number, 0, (long)&action, MASK_SIZE) < 0 ||
            (action.handler != (unsigned long)(uintptr_t)SIG_DFL &&
             action.handler != (unsigned long)(uintptr_t)SIG_IGN))
            return 0;
    return 1;
}

/* Whether the kernel does what is needed above: tries it with a program that does nothing. */
static int attempt(void *given) {
    struct start *start = given;
    static const char *const words[] = { "python", "-I", "-S", "-c", "pass", NULL };
    if ((!clears || isClear()) && call(SYS_close_range, 0, UINT_MAX, CLOSE_RANGE_UNSHARE, 0) == 0)
        call(SYS_execve, (long)start->path, (long)words, (long)start->environmentWords, 0);
    for (;;)
        call(SYS_exit_group, NOT_STARTED, 0, 0, 0);
    return 0;
}

/* Try it. */
static int works(struct start *start) {
    pid_t pid = beside(attempt, start, 0), waited;
    if (pid < 0)
        return 0;
    /* That it has left this memory must be seen before it ends. */
    for (int slept = 0; slept < 1000 && __atomic_load_n(&start->present, __ATOMIC_ACQUIRE); slept++)
        sleepWhile(&start->present, 1, 1000000);
    int status = -1, left = !start->present && isAlive(pid);
    if (start->present)
        kill(pid, SIGKILL);
    do
        waited = waitpid(pid, &status, 0);
    while (waited < 0 && errno == EINTR);
    return left && waited == pid && status == 0;
}

static PyObject *isSupported(PyObject *module, PyObject *given) {
    (void)module;
    char *path;
    int clearing;
    PyObject *python;
    if (!PyArg_ParseTuple(given, "Op", &python, &clearing) ||
        PyBytes_AsStringAndSize(python, &path, NULL) < 0)
        return NULL;
    if (furnish() < 0)
        Py_RETURN_FALSE;
    collect();
    if (count == MOST)
        Py_RETURN_TRUE;
    struct start *start = listed[count];
    start->path = path;
    start->environmentWords = (const char *const *)environ;
    clears = clearing;
    lookedUp = -CURRENT;
    int done = works(start);
    if (!done && clears) {
        clears = 0;
        done = works(start);
    }
    return PyBool_FromLong(done);
}

static PyObject *present(PyObject *module, PyObject *patience) {
    (void)module;
    long seconds = PyLong_AsLong(patience);
    if (PyErr_Occurred())
        return NULL;
    collect();
    /* Nobody else can have their numbers as long as they are here. */
    for (unsigned int i = 0; i < count; i++)
        if (now() - listed[i]->since >= seconds)
            kill(listed[i]->pid, SIGKILL);
    return PyLong_FromUnsignedLong(count);
}

/* Asked for each start, or each few, and therefore here. */
static PyObject *isKeptFromUsers(PyObject *module, PyObject *setting) {
    (void)module;
    char text[8];
    long descriptor = PyLong_AsLong(setting);
    if (PyErr_Occurred())
        return NULL;
    return PyBool_FromLong(geteuid() == 0 && pread((int)descriptor, text, sizeof text, 0) == 2 &&
                           text[0] == '0' && text[1] == '\n');
}

static PyObject *clearsHandlers(PyObject *module, PyObject *nothing) {
    (void)module;
    (void)nothing;
    return PyBool_FromLong(clears);
}

static PyMethodDef functions[] = {
    { "start", startOne, METH_VARARGS, NULL },
    { "waitForLast", waitForLast, METH_O, NULL },
    { "release", release, METH_NOARGS, NULL },
    { "isSupported", isSupported, METH_VARARGS, NULL },
    { "clearsHandlers", clearsHandlers, METH_NOARGS, NULL },
    { "isKeptFromUsers", isKeptFromUsers, METH_O, NULL },
    { "present", present, METH_O, NULL },
    { NULL, NULL, 0, NULL },
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "txinetd.process._clone",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__clone(void) {
    PyObject *module = PyModule_Create(&definition);
    if (module && (PyModule_AddIntConstant(module, "MOST", MOST) < 0 ||
                   PyModule_AddIntConstant(module, "NOT_STARTED", NOT_STARTED) < 0))
        Py_CLEAR(module);
    return module;
}
