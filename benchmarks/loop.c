/* The limit: accepts on PORT and starts PROGRAM with vfork for each connection, and does
 * nothing else at all.  As the user UID, or as the one who started it where that is "-". */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc < 4)
        return 2;
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1024) < 0)
        return 1;
    if (argv[2][0] != '-') {
        int uid = atoi(argv[2]);
        if (setgroups(0, NULL) < 0 || setgid(uid) < 0 || setuid(uid) < 0)
            return 1;
    }
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        if (vfork() == 0) {
            dup2(fd, 0);
            dup2(fd, 1);
            dup2(fd, 2);
            execv(argv[3], argv + 3);
            _exit(127);
        }
        close(fd);
    }
}
