/* tcp.c - who listens, from the text of /proc/net/tcp and /proc/net/tcp6 (pure)
 *
 * An address is printed as the hexadecimal of its 32-bit words as the machine
 * loads them: 127.0.0.1 is 0100007F on a little-endian machine. All that we run
 * on is little-endian.
 */
#include "agent/tcp.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define STATE_LISTEN 0x0A
#define LINE_USED    150 /* bytes of a line that hold the columns we want */

static bool is_wildcard(const char *address)
{
	return strspn(address, "0") == strlen(address);
}

/* 127.0.0.0/8, ::1 and the mapped ::ffff:127.0.0.0/8. */
static bool is_loopback(const char *address)
{
	if (strlen(address) == 8)
		return !strcmp(address + 6, "7F");
	return !strcmp(address, "00000000000000000000000001000000") ||
	       (!strncmp(address, "0000000000000000FFFF0000", 24) && !strcmp(address + 30, "7F"));
}

static bool counts(const char *address, enum tcp_scope scope)
{
	return scope == TCP_ANY || is_wildcard(address) || is_loopback(address);
}

/* "   0: 0100007F:0050 00000000:0000 0A ...": by hand, scanf(3) would be a tenth of the agent. */
static bool line_matches(const char *line, size_t n, uint16_t port, enum tcp_scope scope)
{
	char copy[LINE_USED + 1];
	char *address, *local, *state, *rest;

	n = n < LINE_USED ? n : LINE_USED;
	memcpy(copy, line, n);
	copy[n] = '\0';
	if (!strtok_r(copy, " ", &rest))
		return false;
	address = strtok_r(NULL, ":", &rest);
	local = strtok_r(NULL, " ", &rest);
	if (!strtok_r(NULL, " ", &rest) || !(state = strtok_r(NULL, " ", &rest)))
		return false;
	address += strspn(address, " ");
	return strtoul(local, NULL, 16) == port && strtoul(state, NULL, 16) == STATE_LISTEN && counts(address, scope);
}

bool tcp_listening(const char *table, uint16_t port, enum tcp_scope scope)
{
	const char *line;
	size_t n;

	while (text_next_line(&table, &line, &n))
		if (line_matches(line, n, port, scope))
			return true;
	return false;
}
