/* agent_accounts.c - users and groups of a guest that has no useradd */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "agent/accounts.h"
#include "base/mem.h"

#define PASSWD "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000:Alice,,,:/home/alice:/bin/zsh\n"
#define SHADOW "root:*:19000:0:99999:7:::\nalice:!:19000:0:99999:7:::\n"
#define GROUP  "root:x:0:\nsudo:x:27:\nalice:x:1000:\nwww:x:999:alice,bob\n"

static struct accounts files(void)
{
	struct accounts a = {.has_gshadow = true};

	buf_adds(&a.passwd, PASSWD);
	buf_adds(&a.group, GROUP);
	buf_adds(&a.shadow, SHADOW);
	buf_adds(&a.gshadow, "root:*::\nsudo:*::\nalice:!::\nwww:!::alice,bob\n");
	return a;
}

static struct account user(const char *name)
{
	return (struct account){.name = name, .groups = "", .home = "", .shell = ""};
}

TEST(accounts, a_new_user_has_the_next_number_a_group_and_no_password)
{
	struct accounts a = files();
	struct account u = user("bob");

	accounts_add(&a, &u, "/bin/bash");
	CHECK_STR(buf_str(&a.passwd), PASSWD "bob:x:1001:1001::/home/bob:/bin/bash\n");
	CHECK_STR(buf_str(&a.shadow), SHADOW "bob:!:1:0:99999:7:::\n");
	CHECK_STR(buf_str(&a.group), GROUP "bob:x:1001:\n");
	CHECK_HAS(buf_str(&a.gshadow), "\nbob:!::\n");
	accounts_free(&a);
}

TEST(accounts, what_is_given_counts)
{
	struct accounts a = files();
	struct account u = {.name = "bob", .hash = "$6$x$y", .groups = "sudo, www,wheel", .home = "/srv/bob", .shell = "/bin/sh", .uid = 27};

	accounts_add(&a, &u, "/bin/bash");
	CHECK_STR(buf_str(&a.passwd), PASSWD "bob:x:27:998::/srv/bob:/bin/sh\n"); /* 27 is a group's, 999 as well */
	CHECK_HAS(buf_str(&a.shadow), "\nbob:$6$x$y:1:0:99999:7:::\n");
	CHECK_STR(buf_str(&a.group), "root:x:0:\nsudo:x:27:bob\nalice:x:1000:\nwww:x:999:alice,bob\nbob:x:998:\nwheel:x:997:bob\n");
	CHECK_HAS(buf_str(&a.gshadow), "sudo:*::bob\n");
	CHECK_HAS(buf_str(&a.gshadow), "www:!::alice,bob\n");
	CHECK_HAS(buf_str(&a.gshadow), "wheel:!::bob\n");
	accounts_free(&a);
}

TEST(accounts, a_user_who_is_there_keeps_what_is_not_given)
{
	struct accounts a = files();
	struct account u = user("alice");

	accounts_add(&a, &u, "/bin/bash");
	CHECK_STR(buf_str(&a.passwd), PASSWD);
	CHECK_STR(buf_str(&a.shadow), SHADOW);
	CHECK_STR(buf_str(&a.group), GROUP);
	u.hash = "";
	u.shell = "/bin/sh";
	u.groups = "sudo";
	accounts_add(&a, &u, "/bin/bash");
	CHECK_HAS(buf_str(&a.passwd), "alice:x:1000:1000:Alice,,,:/home/alice:/bin/sh\n");
	CHECK_HAS(buf_str(&a.shadow), "alice::19000:0:99999:7:::\n");
	CHECK_HAS(buf_str(&a.group), "sudo:x:27:alice\n");
	accounts_free(&a);
}

TEST(accounts, files_that_are_not_there_or_have_no_last_newline_are_made_whole)
{
	struct accounts a = {.has_gshadow = false};
	struct account u = user("bob"), v = user("carol");

	accounts_add(&a, &u, "/bin/sh");
	CHECK_STR(buf_str(&a.passwd), "bob:x:1000:1000::/home/bob:/bin/sh\n");
	CHECK_STR(buf_str(&a.group), "bob:x:1000:\n");
	CHECK_STR(buf_str(&a.shadow), "bob:!:1:0:99999:7:::\n");
	CHECK_INT(a.gshadow.len, 0);
	a.passwd.len--;
	a.passwd.data[a.passwd.len] = '\0';
	accounts_add(&a, &v, "/bin/sh");
	CHECK_STR(buf_str(&a.passwd), "bob:x:1000:1000::/home/bob:/bin/sh\ncarol:x:1001:1001::/home/carol:/bin/sh\n");
	accounts_free(&a);
}

TEST(accounts, lines_of_another_form_are_left_alone)
{
	struct accounts a = {.has_gshadow = false};
	struct account u = user("bob");

	buf_adds(&a.passwd, "# bob:x:7\n+::::::\nbob\nbobby:x:1000:1000::/:/bin/sh\n");
	buf_adds(&a.group, "wheel\n:x:1:\n");
	u.groups = "wheel";
	accounts_add(&a, &u, "/bin/sh");
	CHECK_HAS(buf_str(&a.passwd), "# bob:x:7\n+::::::\nbob\nbobby:x:1000:1000::/:/bin/sh\nbob:x:1001:1001:");
	CHECK_STR(buf_str(&a.group), "wheel\n:x:1:\nbob:x:1001:\nwheel:x:999:bob\n");
	accounts_free(&a);
}
