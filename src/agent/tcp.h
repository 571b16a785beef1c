/* tcp.h - who listens, from the text of /proc/net/tcp and /proc/net/tcp6 (pure) */
#ifndef AGENT_TCP_H
#define AGENT_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Which listening sockets count. */
enum tcp_scope {
	TCP_ANY,      /* bound to whatever address */
	TCP_LOOPBACK, /* a connection to 127.0.0.1 or ::1 would reach it */
};

/**
 * tcp_listening() - Does a socket listen on a port?
 * @table:	Text of /proc/net/tcp or /proc/net/tcp6 (proc(5)); the two have the
 *		same columns, addresses of 8 or 32 hexadecimal digits
 */
bool tcp_listening(const char *table, uint16_t port, enum tcp_scope scope);

/**
 * tcp_list() - Append the listening sockets, "127.0.0.1:25" and "[::]:22", with commas between
 * @table:	As above
 * @max:	So many at most; "..." stands for the others
 * @count:	How many there are so far, which is added to
 */
void tcp_list(const char *table, size_t max, size_t *count, struct buf *out);

#endif
