/* A server that stays: says "ok" and ends when its client has nothing more to say. */
#include <unistd.h>
int main(void) {
    char buffer[64];
    if (write(1, "ok\n", 3) != 3)
        return 1;
    while (read(0, buffer, sizeof buffer) > 0)
        ;
    return 0;
}
