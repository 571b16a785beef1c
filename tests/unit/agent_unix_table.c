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
	CHECK(unix_table_open(TABLE, "/run/stream", false));
	CHECK(unix_table_open(TABLE, "/run/packets", false));
	CHECK(unix_table_open(TABLE, "/run/a path", false));
	CHECK(unix_table_open(TABLE, "@abstract", false));
	CHECK(unix_table_open(TABLE, "/run/datagrams", true));
}

TEST(unix_table, sockets_that_do_not)
{
	CHECK(!unix_table_open(TABLE, "/run/accepted", false));
	CHECK(!unix_table_open(TABLE, "/run/datagrams", false));
	CHECK(!unix_table_open(TABLE, "/run/stream", true));
	CHECK(!unix_table_open(TABLE, "/run/str", false));
	CHECK(!unix_table_open(TABLE, "", false));
	CHECK(!unix_table_open("0: 1\n\n:\n", "/run/stream", false));
}
