/* unix_table.h - who listens, from the text of /proc/net/unix (pure) */
#ifndef AGENT_UNIX_TABLE_H
#define AGENT_UNIX_TABLE_H

#include <stdbool.h>

/* Nothing is bound to the path; something that does not listen (yet), or is of another kind; what was asked for. */
enum unix_state { UNIX_ABSENT, UNIX_SHUT, UNIX_OPEN };

/**
 * unix_table_look() - Is a socket bound to a path, and does it take what is sent to it?
 * @table:	Text of /proc/net/unix (unix(7), net/unix/af_unix.c)
 * @path:	As it was bound; "@name" for an abstract one
 * @datagram:	A datagram socket; else one that listens, of streams or of packets
 */
enum unix_state unix_table_look(const char *table, const char *path, bool datagram);

#endif
