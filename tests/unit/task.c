/* task.c - what a forked child sends, and how it ends */
#include "unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/task.h"

static struct loop loop;
static struct task task;
static struct buf got;
static int ends, how;

static void ended(void *arg, const struct buf *message, int status)
{
	(void)arg;
	buf_add(&got, message->data, message->len);
	how = status;
	ends++;
	loop_stop(&loop);
}

static void say(const void *order, struct buf *message)
{
	buf_adds(message, order);
}

static void say_much(const void *order, struct buf *message)
{
	for (int i = 0; i < 100000; i++)
		buf_adds(message, order);
}

static void die(const void *order, struct buf *message)
{
	(void)order;
	(void)message;
	raise(SIGKILL);
}

static void stay(const void *order, struct buf *message)
{
	(void)order;
	(void)message;
	pause();
}

static void begin(size_t limit)
{
	CHECK_INT(loop_init(&loop, NULL), 0);
	task = (struct task){.loop = &loop, .limit = limit, .ended = ended};
	buf_clear(&got);
	ends = how = 0;
}

static void end(void)
{
	task_kill(&task);
	buf_free(&got);
	loop_free(&loop);
}

TEST(task, a_message_arrives_whole_and_the_place_is_used_again)
{
	begin(1 << 20);
	for (int i = 1; i <= 2; i++) {
		CHECK_INT(task_start(&task, say, "word", NULL), 0);
		CHECK_INT(loop_run(&loop, NULL), 0);
		CHECK_INT(ends, i);
		CHECK_INT(task.pid, 0);
		CHECK(WIFEXITED(how) && WEXITSTATUS(how) == 0);
	}
	CHECK_STR(buf_str(&got), "wordword");
	CHECK_INT(task_start(&task, say_much, "0123456789", NULL), 0);
	CHECK_INT(loop_run(&loop, NULL), 0);
	CHECK_INT(got.len, 8 + 1000000);
	end();
}

TEST(task, a_child_that_dies_is_told_with_its_status)
{
	begin(1 << 20);
	CHECK_INT(task_start(&task, die, NULL, NULL), 0);
	CHECK_INT(loop_run(&loop, NULL), 0);
	CHECK_INT(got.len, 0);
	CHECK(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
	end();
}

TEST(task, a_child_that_says_too_much_has_ended)
{
	begin(1000);
	CHECK_INT(task_start(&task, say_much, "0123456789", NULL), 0);
	CHECK_INT(loop_run(&loop, NULL), 0);
	CHECK_INT(ends, 1);
	CHECK(WIFSIGNALED(how) || WEXITSTATUS(how)); /* its pipe was closed */
	end();
}

TEST(task, a_kill_is_silent)
{
	pid_t pid;

	begin(1000);
	CHECK_INT(task_start(&task, stay, NULL, NULL), 0);
	pid = task.pid;
	task_kill(&task);
	CHECK_INT(ends, 0);
	CHECK_INT(task.pid, 0);
	CHECK_INT(kill(pid, 0), -1); /* and waited for */
	task_kill(&task);
	end();
}

/* Says its message, and stays. */
static void say_and_stay(const void *order, struct buf *message)
{
	buf_adds(message, order);
	task_tell(message);
	pause();
}

static void told(void *arg, const struct buf *message)
{
	(void)arg;
	buf_add(&got, message->data, message->len);
	loop_stop(&loop);
}

TEST(task, a_message_may_come_before_the_end)
{
	begin(1000);
	task.told = told;
	CHECK_INT(task_start(&task, say_and_stay, "word", NULL), 0);
	CHECK_INT(loop_run(&loop, NULL), 0);
	CHECK_STR(buf_str(&got), "word");
	CHECK_INT(ends, 0);
	CHECK_INT(kill(task.pid, SIGKILL), 0);
	CHECK_INT(loop_run(&loop, NULL), 0);
	CHECK_INT(ends, 1);
	CHECK(WIFSIGNALED(how));
	end();
}

/* A grandchild that keeps the pipe, and would for ever. */
static void leave_one_behind(const void *order, struct buf *message)
{
	if (fork() == 0)
		for (;;)
			pause();
	say(order, message);
}

TEST(task, what_a_child_left_behind_does_not_keep_it)
{
	begin(1 << 20);
	CHECK_INT(task_start(&task, leave_one_behind, "word", NULL), 0);
	CHECK_INT(loop_run(&loop, NULL), 0);
	CHECK_STR(buf_str(&got), "word");
	CHECK(WIFEXITED(how) && WEXITSTATUS(how) == 0);
	end();
}

/* A child that closes its pipe is not done: its end is what counts. */
static void close_early(const void *order, struct buf *message)
{
	(void)message;
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	_exit(*(const int *)order);
}

TEST(task, the_status_is_that_of_the_end)
{
	const int status = 7;

	begin(1 << 20);
	CHECK_INT(task_start(&task, close_early, &status, NULL), 0);
	CHECK_INT(loop_run(&loop, NULL), 0);
	CHECK(WIFEXITED(how) && WEXITSTATUS(how) == 7);
	CHECK_INT(task.pid, 0);
	end();
}

TEST(task, a_stopped_child_is_killed_with_its_group)
{
	char byte;
	int held[2];

	begin(1000);
	CHECK_INT(pipe(held), 0);
	CHECK_INT(task_start(&task, leave_one_behind, "word", NULL), 0);
	close(held[1]);
	kill(task.pid, SIGSTOP);
	task_kill(&task);
	CHECK_INT(read(held[0], &byte, 1), 0); /* nobody has the other end */
	close(held[0]);
	end();
}

TEST(task, several_are_killed_with_one_wait)
{
	struct task tasks[8];
	uint64_t deadline;

	begin(1000);
	for (size_t i = 0; i < 8; i++) {
		tasks[i] = (struct task){.loop = &loop, .limit = 1000, .ended = ended};
		CHECK_INT(task_start(&tasks[i], stay, NULL, NULL), 0);
	}
	for (size_t i = 0; i < 8; i++)
		task_stop(&tasks[i]);
	deadline = clock_now() + NS_PER_S;
	for (size_t i = 0; i < 8; i++)
		task_finish(&tasks[i], deadline);
	CHECK_INT(ends, 0);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
	end();
}
