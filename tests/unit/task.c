/* task.c - what a forked child sends, and how it ends */
#include "unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

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
