/* agent_hosts.c - editing /etc/hosts without spoiling it */
#include "unit.h"

#include "agent/hosts.h"
#include "base/mem.h"

static void check_edit(const char *text, const char *lines, const char *want)
{
	cleanup_buf struct buf out = {0}, again = {0};

	hosts_edit(&out, text, lines);
	CHECK_STR(buf_str(&out), want);
	hosts_edit(&again, buf_str(&out), lines);
	CHECK_STR(buf_str(&again), want);
}

TEST(agent_hosts, an_empty_file_gets_localhost)
{
	check_edit("", "", "127.0.0.1 localhost\n");
	check_edit("", "10.0.0.1 a\n",
		   "127.0.0.1 localhost\n# vmtap begin\n10.0.0.1 a\n# vmtap end\n");
}

TEST(agent_hosts, foreign_lines_stay)
{
	check_edit("127.0.0.1\tlocalhost me\n\n# mine\n::1 six", "10.0.0.1 a\n10.0.0.2 b",
		   "127.0.0.1\tlocalhost me\n\n# mine\n::1 six\n"
		   "# vmtap begin\n10.0.0.1 a\n10.0.0.2 b\n# vmtap end\n");
}

TEST(agent_hosts, our_lines_are_replaced)
{
	check_edit("127.0.0.1 localhost\n# vmtap begin\n10.0.0.1 old\n# vmtap end\nafter\n", "10.0.0.2 new\n",
		   "127.0.0.1 localhost\nafter\n# vmtap begin\n10.0.0.2 new\n# vmtap end\n");
	check_edit("127.0.0.1 localhost\n# vmtap begin\nold\n# vmtap end\n", "", "127.0.0.1 localhost\n");
}

TEST(agent_hosts, an_end_without_begin_takes_nothing_along)
{
	check_edit("127.0.0.1 localhost\n# vmtap end\n1.1.1.1 x\n", "", "127.0.0.1 localhost\n1.1.1.1 x\n");
}

TEST(agent_hosts, another_address_is_not_localhost)
{
	check_edit("127.0.0.10 x\n", "", "127.0.0.1 localhost\n127.0.0.10 x\n");
}

static void check_lookup(const char *text, const char *name, const char *want)
{
	cleanup_free char *got = hosts_lookup(text, name);

	if (want)
		CHECK_STR(got, want);
	else
		CHECK(!got);
}

TEST(agent_hosts, lookup)
{
	const char *text = "# 9.9.9.9 a\n 10.0.0.1\ta  b # c\n10.0.0.2 a\nlonely\n10.0.0.3 c#d\n";

	check_lookup(text, "a", "10.0.0.1");
	check_lookup(text, "B", "10.0.0.1");
	check_lookup(text, "c", "10.0.0.3");
	check_lookup(text, "d", NULL);
	check_lookup(text, "lonely", NULL);
	check_lookup(text, "", NULL);
	check_lookup("", "a", NULL);
}
