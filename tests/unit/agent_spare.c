/* agent_spare.c - a shell that is loaded and waits for its command */
#include "unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/spare.h"
#include "base/buf.h"

#define LINKER "/lib64/ld-linux-x86-64.so.2" /* a program whose start-up code names no main() */

static struct spare spare;
static int out;

/* What child.c does; the output goes into a pipe. */
static void start(const char *program)
{
	int fds[2];
	pid_t pid;

	CHECK_INT(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		close(fds[0]);
		close(fds[1]);
		if (spare_be_traced() == 0)
			execl(program, program, "-c", spare_argument(), NULL);
		_exit(127);
	}
	close(fds[1]);
	out = fds[0];
	spare_begin(&spare, pid);
}

/* Return: what the last step said. */
static int load(void)
{
	int status, result = 0;

	while (result == 0 && !spare_is_ready(&spare)) {
		CHECK_INT(waitpid(spare.pid, &status, 0), spare.pid);
		result = WIFSTOPPED(status) ? spare_step(&spare, status) : -1;
	}
	return result;
}

static void prepare(const char *program)
{
	start(program);
	CHECK_INT(load(), 0);
	CHECK(spare_is_ready(&spare));
}

/* Return: its status as wait(2) gives it. */
static int end(struct buf *text)
{
	char chunk[4096];
	ssize_t n;
	int status;

	while ((n = read(out, chunk, sizeof(chunk))) > 0)
		buf_add(text, chunk, (size_t)n);
	close(out);
	CHECK_INT(waitpid(spare.pid, &status, 0), spare.pid);
	return status;
}

static void runs_in(const char *shell, const char *command, const char *text, int status)
{
	cleanup_buf struct buf got = {0};

	prepare(shell);
	CHECK_INT(spare_run(&spare, command), 0);
	CHECK_INT(WEXITSTATUS(end(&got)), status);
	CHECK_STR(buf_str(&got), text);
}

static void runs(const char *command, const char *text, int status)
{
	runs_in("/bin/sh", command, text, status);
}

TEST(agent_spare, runs_what_sh_c_would)
{
	runs("echo $0 $#; exit 3", "/bin/sh 0\n", 3);
	runs("", "", 0);
	runs("cat <<end; kill -l >/dev/null\n  two\n\twords\nend\n", "  two\n\twords\n", 0);
	runs("(exit 7)", "", 7);
}

TEST(agent_spare, is_held_before_a_shell_looks_at_its_surroundings)
{
	runs_in("/bin/bash", "[[ $SECONDS = 0 && $BASHPID = $$ ]] && echo ${0##*/} $-", "bash hBc\n", 0);
}

TEST(agent_spare, leaves_no_trace_in_its_arguments)
{
	runs("tr '\\0' '|' </proc/$$/cmdline | tr -s '|'", "/bin/sh|-c|tr '\\0' '|' </proc/$$/cmdline | tr -s '|'|", 0);
}

TEST(agent_spare, a_command_may_fill_its_room_and_no_more)
{
	char command[SPARE_COMMAND_MAX + 2];
	cleanup_buf struct buf got = {0};

	memset(command, ' ', sizeof(command));
	memcpy(command, "echo full", 9);
	command[SPARE_COMMAND_MAX] = 0;
	runs(command, "full\n", 0);

	command[SPARE_COMMAND_MAX] = ' ';
	command[SPARE_COMMAND_MAX + 1] = 0;
	prepare("/bin/sh");
	CHECK_INT(spare_run(&spare, command), -1);
	kill(spare.pid, SIGKILL);
	CHECK(WIFSIGNALED(end(&got)));
	CHECK_STR(buf_str(&got), "");
}

TEST(agent_spare, is_held_at_its_entry_point_where_no_main_is_found)
{
	cleanup_buf struct buf got = {0};

	prepare(LINKER);
	CHECK_INT(spare_run(&spare, "true"), 0);
	CHECK(WIFEXITED(end(&got))); /* it knows no -c */
	CHECK_HAS(buf_str(&got), "-c");
}

TEST(agent_spare, is_of_no_use_after_a_signal)
{
	cleanup_buf struct buf got = {0};

	start("/bin/sh");
	waitpid(spare.pid, &(int){0}, WUNTRACED);
	kill(spare.pid, SIGUSR1);
	CHECK_INT(spare_step(&spare, SIGTRAP << 8 | 0x7f), 0);
	CHECK_INT(load(), -1);
	kill(spare.pid, SIGKILL);
	CHECK(WIFSIGNALED(end(&got)));
}

TEST(agent_spare, is_none_when_it_could_not_be_executed)
{
	cleanup_buf struct buf got = {0};

	start("/nowhere/sh");
	CHECK_INT(WEXITSTATUS(end(&got)), 127);
}
