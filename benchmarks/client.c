/* Connects to HOST PORT as often as it can for SECONDS, with TOGETHER connections at a
 * time, reads each to its end, and prints one line:
 *   connections failed p50 p99 (microseconds) processor (milliseconds) elapsed (milliseconds)
 * With a REQUEST, sends that and half-closes first. */

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

static struct { int fd; long long since; int got; } slot[MOST];
static unsigned int *times;
static long count, failed, room;

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static int ascending(const void *a, const void *b) {
    unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;
    return (x > y) - (x < y);
}

static struct sockaddr_in address;
static const char *request;
static int poller;

static void begin(int n) {
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = n };
    int fd;
    for (;;) {
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        slot[n].since = now();
        if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
            break;
        if (fd >= 0)
            close(fd);
        failed++;
        usleep(1000);
    }
    if (request) {
        if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
            failed++;
        shutdown(fd, SHUT_WR);
    }
    slot[n].fd = fd;
    slot[n].got = 0;
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

int main(int argc, char **argv) {
    if (argc < 5)
        return 2;
    address.sin_family = AF_INET;
    inet_pton(AF_INET, argv[1], &address.sin_addr);
    address.sin_port = htons(atoi(argv[2]));
    int together = atoi(argv[3]);
    double seconds = atof(argv[4]);
    request = argc > 5 ? argv[5] : NULL;
    if (together < 1 || together > MOST)
        return 2;
    poller = epoll_create1(EPOLL_CLOEXEC);
    long long started = now(), until = started + (long long)(seconds * 1e6);
    int open = 0;
    for (int n = 0; n < together; n++, open++)
        begin(n);
    while (open > 0) {
        struct epoll_event events[64];
        int ready = epoll_wait(poller, events, 64, 10000);
        if (ready <= 0) {
            failed += open;
            break;
        }
        for (int i = 0; i < ready; i++) {
            int n = events[i].data.u32;
            char buffer[4096];
            ssize_t got = recv(slot[n].fd, buffer, sizeof buffer, 0);
            if (got > 0) {
                slot[n].got = 1;
                continue;
            }
            close(slot[n].fd);
            if (got < 0 || !slot[n].got) {
                failed++;
            } else {
                if (count == room) {
                    room = room ? room * 2 : 4096;
                    times = realloc(times, room * sizeof *times);
                }
                times[count++] = (unsigned int)(now() - slot[n].since);
            }
            if (now() < until)
                begin(n);
            else
                open--;
        }
    }
    long long elapsed = now() - started;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    qsort(times, count, sizeof *times, ascending);
    printf("%ld %ld %u %u %ld %lld\n", count, failed, count ? times[count / 2] : 0,
           count ? times[count * 99 / 100] : 0,
           (long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000
               + (long)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000,
           elapsed / 1000);
    return 0;
}
