/* agent_child.c - commands of the agent, and the shell that is started ahead of one */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/child.h"
#include "base/clock.h"

#define LOOK	  (5 * NS_PER_MS)
#define LOOKS_MAX 4000

static struct agent agent;
static struct timer reaper;
static struct buf got;
static int status;
static bool over;

static void output(void *arg, enum wire_stream stream, const char *data, size_t n)
{
	(void)arg;
	(void)stream;
	buf_add(&got, data, n);
}

static void ended(void *arg, const struct child *c)
{
	(void)arg;
	status = c->status;
	over = true;
}

static const struct child_ops ops = {.output = output, .ended = ended};

/* In place of SIGCHLD, which would have to be blocked in the whole program. */
static void reap(void *arg)
{
	bool *until = arg;

	child_reap_all(&agent);
	if (*until || (until != &over && !child_preparing(&agent)))
		loop_stop(&agent.loop);
	else
		loop_timer(&agent.loop, &reaper, clock_now() + LOOK);
}

/* Wait for a child that ended or stopped, and have it dealt with. */
static void reap_next(void)
{
	siginfo_t info;

	CHECK_INT(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
	child_reap_all(&agent);
}

/* What is detached is gone when its pipes are at their ends. */
static void reap_last(void *arg)
{
	static int looks;

	(void)arg;
	child_reap_all(&agent);
	if (!agent.children || ++looks == LOOKS_MAX)
		loop_stop(&agent.loop);
	else
		loop_timer(&agent.loop, &reaper, clock_now() + LOOK);
}

static void run_until(bool *flag)
{
	reaper = (struct timer){.expired = reap, .arg = flag};
	loop_timer(&agent.loop, &reaper, clock_now());
	CHECK_INT(loop_run(&agent.loop, NULL), 0);
}

static void begin(void)
{
	agent = (struct agent){.is_init = true, .null = open("/dev/null", O_RDONLY | O_CLOEXEC)};
	buf_clear(&got);
	over = false;
	CHECK_INT(loop_init(&agent.loop, NULL), 0);
}

/* Return: the process that waits for a command */
static pid_t prepare(void)
{
	bool never = false;

	child_prepare(&agent);
	CHECK(child_preparing(&agent));
	run_until(&never);
	CHECK(agent.spare.pid);
	return agent.spare.pid;
}

/* Return: the process that ran it */
static pid_t run(const char *command)
{
	struct child *c = child_start(&agent, command, &ops, NULL, NULL);
	pid_t pid = c->pid;

	run_until(&over);
	return pid;
}

/* Nothing is left over that an agent would have to know of. */
static void end(void)
{
	while (agent.children)
		reap_next();
	CHECK_INT(agent.spare.pid, 0);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	loop_free(&agent.loop);
	close(agent.null);
	buf_free(&got);
}

TEST(agent_child, the_shell_that_waits_takes_the_next_command_and_no_other)
{
	pid_t spare;

	begin();
	spare = prepare();
	CHECK_INT(run("echo one; exit 5"), spare);
	CHECK_INT(WEXITSTATUS(status), 5);
	over = false;
	CHECK(run("echo two >&2") != spare);
	CHECK_STR(buf_str(&got), "one\ntwo\n");
	end();
}

/* More than two pipes, and all that is read of them at its end. */
TEST(agent_child, what_a_command_leaves_behind_writes_on_though_its_output_was_held)
{
	struct child *c;

	begin();
	c = child_start(&agent, "head -c 3000000 /dev/zero &", &ops, NULL, NULL);
	child_hold(c, true);
	run_until(&over);
	CHECK_INT(WEXITSTATUS(status), 0);
	reaper = (struct timer){.expired = reap_last, .arg = NULL};
	loop_timer(&agent.loop, &reaper, clock_now());
	CHECK_INT(loop_run(&agent.loop, NULL), 0);
	CHECK(agent.children == NULL);
	end();
}

TEST(agent_child, a_command_too_long_for_it_has_a_shell_of_its_own)
{
	char command[SPARE_COMMAND_MAX + 2];
	pid_t spare;

	memset(command, ' ', sizeof(command) - 1);
	command[sizeof(command) - 1] = 0;
	memcpy(command, "echo", 4);
	begin();
	spare = prepare();
	CHECK(run(command) != spare);
	CHECK_STR(buf_str(&got), "\n");
	end();
}

TEST(agent_child, a_command_that_comes_while_it_is_loaded_does_not_wait)
{
	pid_t spare;

	begin();
	child_prepare(&agent);
	spare = agent.spare.pid;
	CHECK(run("echo at once") != spare);
	CHECK_STR(buf_str(&got), "at once\n");
	end();
}

TEST(agent_child, an_older_one_makes_way)
{
	pid_t first, second;

	begin();
	first = prepare();
	second = prepare();
	CHECK(first != second);
	CHECK_INT(run("true"), second);
	end();
}

TEST(agent_child, it_goes_when_it_is_not_wanted_any_more)
{
	begin();
	prepare();
	child_unprepare(&agent);
	end();
}

TEST(agent_child, it_goes_in_time_if_no_command_comes)
{
	bool gone = false;

	begin();
	prepare();
	CHECK(agent.spare_ends.active);
	loop_timer(&agent.loop, &agent.spare_ends, clock_now()); /* rather than wait for it */
	run_until(&gone);
	end();
}

TEST(agent_child, one_that_something_killed_is_forgotten)
{
	begin();
	kill(prepare(), SIGKILL);
	while (agent.spare.pid)
		reap_next();
	run("echo still here");
	CHECK_STR(buf_str(&got), "still here\n");
	end();
}
