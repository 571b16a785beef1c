/* agent_passwd.c - users by name and by number */
#include "unit.h"

#include "agent/passwd.h"

#define USERS "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000:,,,:/home/alice:/bin/bash\nal:x:1001:1001::/:/bin/sh\n"

static int uid_of(const char *text, const char *user)
{
	uid_t uid = 0;

	return passwd_find(text, user, &uid) ? (int)uid : -1;
}

TEST(passwd, a_user_is_found_by_name_and_by_number)
{
	CHECK_INT(uid_of(USERS, "alice"), 1000);
	CHECK_INT(uid_of(USERS, "al"), 1001);
	CHECK_INT(uid_of(USERS, "1000"), 1000);
	CHECK_INT(uid_of(USERS, "root"), 0);
}

TEST(passwd, nobody_else_is)
{
	CHECK_INT(uid_of(USERS, "ali"), -1);
	CHECK_INT(uid_of(USERS, "x"), -1);
	CHECK_INT(uid_of(USERS, "100"), -1);
	CHECK_INT(uid_of(USERS, ""), -1);
	CHECK_INT(uid_of("", "root"), -1);
}

TEST(passwd, lines_of_another_form_are_passed_over)
{
	CHECK_INT(uid_of("alice\nalice:\nalice:x\nalice:x:\nalice:x:y:\nalice:x:12\n", "alice"), -1);
	CHECK_INT(uid_of("# alice:x:1:\n+::::::\nalice:x:7:7", "alice"), 7);
}
