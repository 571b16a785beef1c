/* task.h - a forked copy of this process that does one thing, sends one message, and ends */
#ifndef BASE_TASK_H
#define BASE_TASK_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/loop.h"

/* What the child does: @message is sent when it returns. @order: as given to task_start(). */
typedef void task_work_fn(const void *order, struct buf *message);

/**
 * struct task - A place for one child at a time
 * @loop, @limit, @ended, @arg: The caller's, set before task_start()
 * @limit:	Bytes of a message; a child that sends more has ended
 * @ended:	Called from the loop, once the child has ended and was waited for; may free the task.
 *		@message is what came, which may be nothing; @status is as waitpid(2) has it
 * @pid:	The child's, or 0
 */
struct task {
	struct loop *loop;
	size_t limit;
	void (*ended)(void *arg, const struct buf *message, int status);
	void *arg;
	pid_t pid;
	struct watch watch;
	struct buf message;
};

/* Fork a child, which dies with us. Return: 0, or -1. */
int task_start(struct task *t, task_work_fn *work, const void *order, struct err *err);

/*
 * Kill the child, if there is one, and free everything; @ended is not called. Waits, but no longer than a second,
 * for the processes that the child forked itself and that end with it.
 */
void task_kill(struct task *t);

#endif
