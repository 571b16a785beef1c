/* log.c - what reaches stderr */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

/* Return: what log_line() writes for @text, seen through a pipe. */
static const char *logged(const char *text)
{
	static char seen[4096];
	int fds[2], real = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	ssize_t n;

	if (real < 0 || pipe2(fds, O_CLOEXEC) < 0)
		return "no pipe";
	dup2(fds[1], STDERR_FILENO);
	log_line("%s", text);
	dup2(real, STDERR_FILENO);
	close(real);
	close(fds[1]);
	n = fd_read_full(fds[0], seen, sizeof(seen) - 1);
	close(fds[0]);
	seen[n < 0 ? 0 : n] = '\0';
	return seen;
}

TEST(log, each_line_has_the_prefix)
{
	unsetenv("GITHUB_ACTIONS");
	unsetenv("TF_BUILD");
	CHECK_STR(logged("one"), "# vmtap: one\n");
	CHECK_STR(logged("one\n\ttwo\n"), "# vmtap: one\n# vmtap: \ttwo\n");
}

TEST(log, no_byte_of_a_guest_steers_the_terminal)
{
	CHECK_STR(logged("a\33[31mb\33]0;title\7c\rd\be"), "# vmtap: abcd\xEF\xBF\xBD" "e\n");
	CHECK_STR(logged("\xff" "x\xE2\x80\xA8y"), "# vmtap: \xEF\xBF\xBDx\xEF\xBF\xBDy\n");
}

TEST(log, no_word_of_a_guest_commands_the_ci_service)
{
	CHECK_STR(logged("x ##[error]y"), "# vmtap: x ##[error]y\n");
	setenv("GITHUB_ACTIONS", "true", 1);
	CHECK_STR(logged("x ##[error]y\n##vso[z]"), "# vmtap: x ## [error]y\n# vmtap: ##vso [z]\n");
	CHECK_STR(logged("#\33[0m#[error]"), "# vmtap: ## [error]\n");
	unsetenv("GITHUB_ACTIONS");
}
