#include <sys/socket.h>

test("x") {
}
