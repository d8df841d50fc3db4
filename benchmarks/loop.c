/* The limit: accepts on PORT and starts PROGRAM with vfork for each connection, and does
 * nothing else at all.  As root with a UID, as that user. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1024) < 0)
        return 1;
    if (argc > 3 && (setgroups(0, NULL) < 0 || setgid(atoi(argv[3])) < 0 || setuid(atoi(argv[3])) < 0))
        return 1;
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        if (vfork() == 0) {
            dup2(fd, 0);
            dup2(fd, 1);
            dup2(fd, 2);
            execl(argv[2], argv[2], (char *)NULL);
            _exit(127);
        }
        close(fd);
    }
}
