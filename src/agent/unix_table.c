/* unix_table.c - who listens, from the text of /proc/net/unix (pure) */
#include "agent/unix_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define COLUMNS	    7	    /* in front of the path, which may have blanks */
#define FLAGS	    3	    /* the column of the flags, and that of the type, from 0 */
#define TYPE	    4
#define LISTENS	    0x10000 /* __SO_ACCEPTCON */
#define DATAGRAM    2	    /* SOCK_DGRAM on every processor but MIPS */

/* "0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/x.sock" */
static enum unix_state look_at_line(const char *line, size_t n, const char *path, bool datagram)
{
	const char *end = line + n;
	unsigned long flags = 0, type = 0;

	for (int column = 0; column < COLUMNS; column++) {
		while (line < end && *line == ' ')
			line++;
		if (column == FLAGS)
			flags = strtoul(line, NULL, 16);
		if (column == TYPE)
			type = strtoul(line, NULL, 16);
		while (line < end && *line != ' ')
			line++;
	}
	if (line == end || (size_t)(end - line - 1) != strlen(path) || memcmp(line + 1, path, strlen(path)) != 0)
		return UNIX_ABSENT;
	return (datagram ? type == DATAGRAM : (flags & LISTENS) != 0) ? UNIX_OPEN : UNIX_SHUT;
}

enum unix_state unix_table_look(const char *table, const char *path, bool datagram)
{
	enum unix_state best = UNIX_ABSENT;
	const char *line;
	size_t n;

	while (best != UNIX_OPEN && text_next_line(&table, &line, &n)) {
		enum unix_state state = look_at_line(line, n, path, datagram);

		best = state > best ? state : best;
	}
	return best;
}
