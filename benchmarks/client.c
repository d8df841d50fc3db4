/* Measures what answers at HOST PORT for SECONDS, with TOGETHER conversations at a time,
 * and prints one line:
 *   served failed p50 p99 (microseconds) processor (milliseconds) elapsed (milliseconds)
 *
 * MODE is what a conversation is:
 *   end     a connection, read to its end (with a REQUEST: that is sent and the
 *           connection half-closed first);
 *   answer  a connection, closed when the first bytes have come;
 *   udp     a datagram REQUEST, which has to come back; one that has not within a second
 *           is lost, and counts as failed.
 *
 * Options, before MODE: -s SOURCE, the address to come from; -n COUNT, so many addresses
 * from there on, in turns; -r RATE, so many conversations are begun a second, at most. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 1024
#define LONGEST 512
#define PATIENCE 10000000LL /* microseconds, for a connection */
#define LOST 1000000LL      /* for a datagram */

static struct { int fd, got, open; long long since; long number; } slot[MOST];
static unsigned int *times;
static long served, failed, room, number;
static struct sockaddr_in address;
static const char *request;
static int poller, udp, answer;
static struct sockaddr_in source;
static unsigned int sources = 1, next;
static double rate;

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static int ascending(const void *a, const void *b) {
    unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;
    return (x > y) - (x < y);
}

static void keep(long long took) {
    if (served == room) {
        room = room ? room * 2 : 4096;
        times = realloc(times, room * sizeof *times);
        if (!times)
            exit(3);
    }
    times[served++] = (unsigned int)took;
}

/* What is sent as the datagram of a slot: the number tells a late answer to another one. */
static int datagram(int n, char *into) {
    return snprintf(into, LONGEST, "%s %d %ld", request, n, slot[n].number);
}

static void begin(int n) {
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = n };
    char text[LONGEST];
    slot[n].got = 0;
    slot[n].open = 1;
    if (udp) {
        if (slot[n].fd < 0) {
            slot[n].fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
            if (slot[n].fd < 0 || connect(slot[n].fd, (struct sockaddr *)&address, sizeof address) < 0)
                exit(3);
            epoll_ctl(poller, EPOLL_CTL_ADD, slot[n].fd, &event);
        }
        slot[n].number = number++;
        slot[n].since = now();
        /* One that cannot be sent is lost like any other. */
        (void)!send(slot[n].fd, text, datagram(n, text), 0);
        return;
    }
    for (;;) {
        slot[n].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (slot[n].fd >= 0 && source.sin_family) {
            struct sockaddr_in own = source;
            int late = 1; /* the port is chosen by connect(2), which knows more */
            own.sin_addr.s_addr = htonl(ntohl(own.sin_addr.s_addr) + next++ % sources);
            setsockopt(slot[n].fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, sizeof late);
            if (bind(slot[n].fd, (struct sockaddr *)&own, sizeof own) < 0)
                exit(3);
        }
        slot[n].since = now();
        if (slot[n].fd >= 0 && connect(slot[n].fd, (struct sockaddr *)&address, sizeof address) == 0)
            break;
        if (slot[n].fd >= 0)
            close(slot[n].fd);
        failed++;
        usleep(1000);
    }
    if (request) {
        if (send(slot[n].fd, request, strlen(request), MSG_NOSIGNAL) < 0)
            failed++;
        shutdown(slot[n].fd, SHUT_WR);
    }
    epoll_ctl(poller, EPOLL_CTL_ADD, slot[n].fd, &event);
}

/* Whether a slot's conversation is over, now that there is something to read. */
static int over(int n) {
    char buffer[4096], text[LONGEST];
    ssize_t got = recv(slot[n].fd, buffer, sizeof buffer, 0);
    if (udp) {
        int length = datagram(n, text);
        if (got < 0 && errno == ECONNREFUSED)
            usleep(1000);
        if (got != length || memcmp(buffer, text, length) != 0)
            return 0;
        keep(now() - slot[n].since);
        return 1;
    }
    if (got > 0) {
        slot[n].got = 1;
        if (!answer)
            return 0;
    }
    close(slot[n].fd);
    if (got < 0 || !slot[n].got)
        failed++;
    else
        keep(now() - slot[n].since);
    return 1;
}

/* Begins as many conversations as there are slots and the rate allows. */
static void fill(int together, long long elapsed, long *begun) {
    for (int n = 0; n < together; n++) {
        if (slot[n].open)
            continue;
        if (rate > 0 && *begun >= elapsed / 1e6 * rate)
            return;
        ++*begun;
        begin(n);
    }
}

int main(int argc, char **argv) {
    for (int option; (option = getopt(argc, argv, "+s:n:r:")) != -1;) {
        if (option == 's' && inet_pton(AF_INET, optarg, &source.sin_addr) == 1)
            source.sin_family = AF_INET;
        else if (option == 'n' && atoi(optarg) > 0)
            sources = atoi(optarg);
        else if (option == 'r' && atof(optarg) > 0)
            rate = atof(optarg);
        else
            return 2;
    }
    argv += optind - 1;
    argc -= optind - 1;
    if (argc < 6)
        return 2;
    udp = strcmp(argv[1], "udp") == 0;
    answer = strcmp(argv[1], "answer") == 0;
    address.sin_family = AF_INET;
    address.sin_port = htons(atoi(argv[3]));
    if (inet_pton(AF_INET, argv[2], &address.sin_addr) != 1)
        return 2;
    int together = atoi(argv[4]);
    double seconds = atof(argv[5]);
    request = argc > 6 ? argv[6] : NULL;
    if (together < 1 || together > MOST || (udp && (!request || strlen(request) > LONGEST / 2)))
        return 2;
    poller = epoll_create1(EPOLL_CLOEXEC);
    long long started = now(), until = started + (long long)(seconds * 1e6), swept = started;
    int open = 1;
    long begun = 0;
    for (int n = 0; n < together; n++)
        slot[n].fd = -1;
    while (open > 0) {
        struct epoll_event events[64];
        if (now() < until)
            fill(together, now() - started, &begun);
        int ready = epoll_wait(poller, events, 64, rate > 0 ? 1 : 100);
        if (ready < 0 && errno != EINTR)
            return 3;
        for (int i = 0; i < ready; i++) {
            int n = events[i].data.u32;
            if (!slot[n].open) { /* a datagram that is too late */
                char buffer[LONGEST];
                (void)!recv(slot[n].fd, buffer, sizeof buffer, 0);
            } else if (over(n)) {
                slot[n].open = 0;
                if (rate == 0 && now() < until)
                    begin(n);
            }
        }
        long long time = now();
        open = time < until;
        for (int n = 0; n < together && !open; n++)
            open = slot[n].open;
        if (time - swept < 100000)
            continue;
        swept = time;
        for (int n = 0; n < together; n++) {
            if (!slot[n].open || time - slot[n].since < (udp ? LOST : PATIENCE))
                continue;
            failed++;
            if (!udp)
                close(slot[n].fd);
            slot[n].open = 0;
        }
    }
    long long elapsed = now() - started;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    if (served)
        qsort(times, served, sizeof *times, ascending);
    printf("%ld %ld %u %u %ld %lld\n", served, failed, served ? times[served / 2] : 0,
           served ? times[served * 99 / 100] : 0,
           (long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000
               + (long)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000,
           elapsed / 1000);
    return 0;
}
