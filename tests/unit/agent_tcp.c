/* agent_tcp.c - who listens, from /proc/net/tcp */
#include "unit.h"

#include "agent/tcp.h"

static const char v4[] =
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	"   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7170 1 0 100 0\n"
	"   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7171 1 0 100 0\n"
	"   2: 0101A8C0:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7172 1 0 100 0\n"
	"   3: 0100007F:01BB 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 7173 1 0 100 0\n";

static const char v6[] =
	"  sl  local_address                         remote_address                        st\n"
	"   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000\n"
	"   1: 00000000000000000000000001000000:0051 00000000000000000000000000000000:0000 0A 00000000:00000000\n"
	"   2: 0000000000000000FFFF00000100007F:0052 00000000000000000000000000000000:0000 0A 00000000:00000000\n"
	"   3: 000080FE00000000FF00000001000000:0053 00000000000000000000000000000000:0000 0A 00000000:00000000\n";

TEST(agent_tcp, any_address)
{
	CHECK(tcp_listening(v4, 22, TCP_ANY));
	CHECK(tcp_listening(v4, 80, TCP_ANY));
	CHECK(tcp_listening(v4, 8080, TCP_ANY));
	CHECK(tcp_listening(v6, 83, TCP_ANY));
	CHECK(!tcp_listening(v4, 23, TCP_ANY));
}

TEST(agent_tcp, a_connection_is_not_a_listener)
{
	CHECK(!tcp_listening(v4, 443, TCP_ANY));
}

TEST(agent_tcp, loopback)
{
	CHECK(tcp_listening(v4, 22, TCP_LOOPBACK));
	CHECK(tcp_listening(v4, 80, TCP_LOOPBACK));
	CHECK(!tcp_listening(v4, 8080, TCP_LOOPBACK));
	CHECK(tcp_listening(v6, 80, TCP_LOOPBACK));
	CHECK(tcp_listening(v6, 81, TCP_LOOPBACK));
	CHECK(tcp_listening(v6, 82, TCP_LOOPBACK));
	CHECK(!tcp_listening(v6, 83, TCP_LOOPBACK));
}

TEST(agent_tcp, the_list_is_as_people_write_addresses)
{
	static const char six[] =
		"   0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A\n"
		"   1: B80D0120000000000000000001000000:0050 00000000000000000000000000000000:0000 0A\n";
	cleanup_buf struct buf out = {0}, few = {0};
	size_t count = 0;

	tcp_list("   0: 0101A8C0:0050 00000000:0000 0A\n   1: 00000000:1F90 00000000:0000 0A\n   2: 00000000:0001 00000000:0000 01\n", 9,
		 &count, &out);
	tcp_list(six, 9, &count, &out);
	CHECK_STR(buf_str(&out), "192.168.1.1:80, 0.0.0.0:8080, [::1]:22, [2001:db8::1]:80");
	count = 0;
	tcp_list(six, 1, &count, &few);
	CHECK_STR(buf_str(&few), "[::1]:22, ...");
}

TEST(agent_tcp, half_a_table)
{
	CHECK(!tcp_listening("", 80, TCP_ANY));
	CHECK(!tcp_listening("0:", 80, TCP_ANY));
	CHECK(!tcp_listening("   1: 00000000:0050", 80, TCP_ANY));
	CHECK(!tcp_listening("   1: 00000000:0050 00000000:0000\n 0A", 80, TCP_ANY));
	CHECK(!tcp_listening(": : : :\n    \n\n:", 0, TCP_ANY));
}
