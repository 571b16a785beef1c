/* task.h - a forked copy of this process that does one thing, sends one message, and ends */
#ifndef BASE_TASK_H
#define BASE_TASK_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/loop.h"

#define TASK_END_MS 1000 /* ms that a killed child and what it has forked get to end */

/* What the child does: @message is sent when it returns. @order: as given to task_start(). */
typedef void task_work_fn(const void *order, struct buf *message);

/**
 * struct task - A place for one child at a time
 * @loop, @limit, @ended, @told, @arg: The caller's, set before task_start()
 * @limit:	Bytes of a message; a child that sends more is killed
 * @ended:	Called from the loop, once the child has ended and was waited for; may free the task,
 *		or start it again. @message is what came, which may be nothing; @status is as waitpid(2) has it
 * @told:	Called from the loop with the whole message, when the child may live on (task_tell()); or NULL
 * @pid:	The child's, or 0: whether the task is busy is asked of this, and of nothing else
 *
 * The child leads a process group of its own, so that a terminal's ^C does not reach it and what it has forked can be
 * killed with it. The end of the child ends the task, also when a process that it has forked still holds the pipe.
 */
struct task {
	struct loop *loop;
	size_t limit;
	void (*ended)(void *arg, const struct buf *message, int status);
	void (*told)(void *arg, const struct buf *message);
	void *arg;
	pid_t pid;
	struct watch pipe, exit;
	struct buf message;
};

/* Fork a child, which dies with us. Return: 0, or -1. */
int task_start(struct task *t, task_work_fn *work, const void *order, struct err *err);

/* In the child: send the message now, and no other, before the work is over. */
void task_tell(const struct buf *message);

/* Send SIGKILL to the child and its process group, without waiting. task_kill() or task_finish() follows. */
void task_stop(struct task *t);

/*
 * task_finish() - Wait for a stopped child, and free everything; @ended is not called
 * @deadline:	CLOCK_MONOTONIC, ns. Until then the task waits for the child and for the processes that the child forked
 *		and that end with it; what does not end by then (a storage that does not answer) is left to the kernel
 *
 * Several tasks that are stopped first and finished afterwards, with one deadline, cost one wait.
 */
void task_finish(struct task *t, uint64_t deadline);

/* Both, with a deadline in TASK_END_MS; harmless when there is no child. */
void task_kill(struct task *t);

#endif
