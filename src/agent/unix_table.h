/* unix_table.h - who listens, from the text of /proc/net/unix (pure) */
#ifndef AGENT_UNIX_TABLE_H
#define AGENT_UNIX_TABLE_H

#include <stdbool.h>

/**
 * unix_table_open() - Is a socket bound to a path, and does it take what is sent to it?
 * @table:	Text of /proc/net/unix (unix(7), net/unix/af_unix.c)
 * @path:	As it was bound; "@name" for an abstract one
 * @datagram:	A datagram socket; else one that listens, of streams or of packets
 */
bool unix_table_open(const char *table, const char *path, bool datagram);

#endif
