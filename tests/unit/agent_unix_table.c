/* agent_unix_table.c - who listens, in /proc/net/unix */
#include "unit.h"

#include "agent/unix_table.h"

#define TABLE                                                                          \
	"Num       RefCount Protocol Flags    Type St Inode Path\n"                    \
	"0000000000000000: 00000002 00000000 00010000 0001 01 10001 /run/stream\n"     \
	"0000000000000000: 00000003 00000000 00000000 0001 03 10002 /run/accepted\n"   \
	"ffff888003a5c000: 00000002 00000000 00010000 0005 01 10003 /run/packets\n"    \
	"0000000000000000: 00000002 00000000 00000000 0002 01 10004 /run/datagrams\n"  \
	"0000000000000000: 00000003 00000000 00000000 0001 03 10005\n"                 \
	"0000000000000000: 00000002 00000000 00010000 0001 01     6 /run/a path\n"     \
	"0000000000000000: 00000002 00000000 00010000 0001 01 10007 @abstract\n"

TEST(unix_table, sockets_that_listen)
{
	CHECK_INT(unix_table_look(TABLE, "/run/stream", false), UNIX_OPEN);
	CHECK_INT(unix_table_look(TABLE, "/run/packets", false), UNIX_OPEN);
	CHECK_INT(unix_table_look(TABLE, "/run/a path", false), UNIX_OPEN);
	CHECK_INT(unix_table_look(TABLE, "@abstract", false), UNIX_OPEN);
	CHECK_INT(unix_table_look(TABLE, "/run/datagrams", true), UNIX_OPEN);
}

TEST(unix_table, sockets_that_do_not)
{
	CHECK_INT(unix_table_look(TABLE, "/run/accepted", false), UNIX_SHUT);
	CHECK_INT(unix_table_look(TABLE, "/run/datagrams", false), UNIX_SHUT);
	CHECK_INT(unix_table_look(TABLE, "/run/stream", true), UNIX_SHUT);
	CHECK_INT(unix_table_look(TABLE, "/run/str", false), UNIX_ABSENT);
	CHECK_INT(unix_table_look(TABLE, "", false), UNIX_ABSENT);
	CHECK_INT(unix_table_look("0: 1\n\n:\n", "/run/stream", false), UNIX_ABSENT);
}
