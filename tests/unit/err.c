/* err.c - the words of a failure */
#include "unit.h"

#include <errno.h>
#include <sys/resource.h>

#include "base/err.h"

TEST(err, set_returns_minus_one)
{
	struct err e = {0};

	CHECK_INT(err_set(&e, "no kernel in '%s'", "x.tar"), -1);
	CHECK_STR(e.text, "no kernel in 'x.tar'");
}

TEST(err, errno_is_told_and_kept)
{
	struct err e = {0};

	errno = ENOENT;
	CHECK_INT(err_errno(&e, "cannot open '%s'", "x.tar"), -1);
	CHECK_INT(errno, ENOENT);
	CHECK_STR(e.text, "cannot open 'x.tar': No such file or directory");
}

TEST(err, wrap_puts_context_in_front)
{
	struct err e = {0};

	err_set(&e, "bad header");
	CHECK_INT(err_wrap(&e, "cannot read image '%s'", "x"), -1);
	CHECK_INT(err_wrap(&e, "machine '%s'", "server"), -1);
	CHECK_STR(e.text, "machine 'server': cannot read image 'x': bad header");
}

TEST(err, hint_is_a_line_of_its_own_and_stays_last)
{
	struct err e = {0};

	err_set(&e, "no QEMU");
	CHECK_INT(err_hint(&e, "install %s", "qemu-system-x86"), -1);
	err_wrap(&e, "machine 'server'");
	CHECK_STR(e.text, "machine 'server': no QEMU\ninstall qemu-system-x86");
}

TEST(err, null_is_allowed)
{
	CHECK_INT(err_set(NULL, "x"), -1);
	CHECK_INT(err_errno(NULL, "x"), -1);
	CHECK_INT(err_wrap(NULL, "x"), -1);
	CHECK_INT(err_hint(NULL, "x"), -1);
}

TEST(err, long_text_is_cut)
{
	struct err e = {0};

	err_set(&e, "%05000d", 1);
	CHECK_INT(strlen(e.text), ERR_TEXT_MAX - 1);
	errno = EIO;
	err_errno(&e, "%05000d", 1);
	err_hint(&e, "lost");
	CHECK_INT(strlen(e.text), ERR_TEXT_MAX - 1);
	err_wrap(&e, "front");
	CHECK_INT(strlen(e.text), ERR_TEXT_MAX - 1);
	CHECK(strncmp(e.text, "front: 000", 10) == 0);
	err_wrap(&e, "%05000d", 2);
	CHECK_INT(strlen(e.text), ERR_TEXT_MAX - 1);
}

TEST(err, too_many_files_names_the_limit)
{
	struct rlimit limit;
	struct err e = {0};
	char want[64];

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
	snprintf(want, sizeof(want), "limit on open files (ulimit -n %llu)", (unsigned long long)limit.rlim_cur);
	errno = EMFILE;
	err_errno(&e, "cannot create a pipe");
	CHECK_HAS(e.text, want);
	CHECK_INT(errno, EMFILE);
	errno = EIO;
	err_errno(&e, "cannot create a pipe");
	CHECK(!strstr(e.text, "limit"));
}
