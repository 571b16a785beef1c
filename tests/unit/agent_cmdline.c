/* agent_cmdline.c - words of the kernel's command line */
#include "unit.h"

#include "agent/cmdline.h"
#include "base/mem.h"

TEST(agent_cmdline, finds_a_value)
{
	cleanup_free char *v = cmdline_get("quiet vmtap.root=ABC panic=-1\n", "vmtap.root");

	CHECK_STR(v, "ABC");
}

TEST(agent_cmdline, key_is_a_whole_word)
{
	CHECK(!cmdline_get("xvmtap.root=1 vmtap.rootfstype=erofs vmtap.root", "vmtap.root"));
	CHECK(!cmdline_get("", "vmtap.root"));
}

TEST(agent_cmdline, last_one_wins_and_may_be_empty)
{
	cleanup_free char *a = cmdline_get("a=1 a=2", "a");
	cleanup_free char *b = cmdline_get("a=1 a=", "a");

	CHECK_STR(a, "2");
	CHECK_STR(b, "");
}

TEST(agent_cmdline, quotes_keep_blanks)
{
	cleanup_free char *a = cmdline_get("x=\"b a=1\" \"a=two words\" y", "a");
	cleanup_free char *b = cmdline_get("a=\"never closed", "a");

	CHECK_STR(a, "two words");
	CHECK_STR(b, "never closed");
}

TEST(agent_cmdline, what_follows_dashes_is_the_inits)
{
	CHECK(!cmdline_get("quiet -- a=1", "a"));
}
