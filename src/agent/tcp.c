/* tcp.c - who listens, from the text of /proc/net/tcp and /proc/net/tcp6 (pure)
 *
 * An address is printed as the hexadecimal of its 32-bit words as the machine
 * loads them: 127.0.0.1 is 0100007F on a little-endian machine. All that we run
 * on is little-endian.
 */
#include "agent/tcp.h"

#include <arpa/inet.h>
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

/* A line of the table; @address is in @copy. */
struct socket {
	char copy[LINE_USED + 1];
	const char *address;
	uint16_t port;
};

/* "   0: 0100007F:0050 00000000:0000 0A ...": by hand, scanf(3) would be a tenth of the agent. Return: whether it listens. */
static bool read_line(const char *line, size_t n, struct socket *s)
{
	char *local, *state, *rest;

	n = n < LINE_USED ? n : LINE_USED;
	memcpy(s->copy, line, n);
	s->copy[n] = '\0';
	if (!strtok_r(s->copy, " ", &rest))
		return false;
	s->address = strtok_r(NULL, ":", &rest);
	local = strtok_r(NULL, " ", &rest);
	if (!strtok_r(NULL, " ", &rest) || !(state = strtok_r(NULL, " ", &rest)))
		return false;
	s->address += strspn(s->address, " ");
	s->port = (uint16_t)strtoul(local, NULL, 16);
	return strtoul(state, NULL, 16) == STATE_LISTEN;
}

bool tcp_listening(const char *table, uint16_t port, enum tcp_scope scope)
{
	struct socket s;
	const char *line;
	size_t n;

	while (text_next_line(&table, &line, &n))
		if (read_line(line, n, &s) && s.port == port && counts(s.address, scope))
			return true;
	return false;
}

static void add_socket(struct buf *out, const struct socket *s)
{
	bool v6 = strlen(s->address) == 32;
	unsigned char bytes[16] = {0};
	char text[INET6_ADDRSTRLEN] = "";

	for (size_t i = 0; i < (v6 ? 16 : 4); i++) { /* each word's bytes backwards */
		char digits[3] = {s->address[(i ^ 3) * 2], s->address[(i ^ 3) * 2 + 1]};

		bytes[i] = (unsigned char)strtoul(digits, NULL, 16);
	}
	inet_ntop(v6 ? AF_INET6 : AF_INET, bytes, text, sizeof(text));
	buf_addf(out, v6 ? "[%s]:%u" : "%s:%u", text, s->port);
}

void tcp_list(const char *table, size_t max, size_t *count, struct buf *out)
{
	struct socket s;
	const char *line;
	size_t n;

	while (text_next_line(&table, &line, &n)) {
		if (!read_line(line, n, &s) || (strlen(s.address) != 8 && strlen(s.address) != 32))
			continue;
		if (++*count > max + 1)
			continue;
		buf_adds(out, *count > 1 ? ", " : "");
		if (*count > max)
			buf_adds(out, "...");
		else
			add_socket(out, &s);
	}
}
