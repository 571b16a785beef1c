/* qmp.h - QEMU's control socket (docs/interop/qmp-spec.rst) */
#ifndef QEMU_QMP_H
#define QEMU_QMP_H

#include "base/json.h"
#include "base/stream.h"

#define QMP_LINE_MAX (4 << 20) /* bytes of one message; QEMU is trusted, but bounded all the same */

struct qmp;

/* A command's answer: @reply is its "return", or NULL with @error set. */
typedef void qmp_reply_fn(void *arg, const struct json *reply, const char *error);

struct qmp_command {
	qmp_reply_fn *done;
	void *arg;
	struct qmp_command *next;
};

/**
 * struct qmp - A control connection
 * @event:	Called for each event with its name ("SHUTDOWN") and the whole message
 * @greeted:	Called once, when QEMU is up; @version is its own, such as "7.2.22"
 * @lost:	Called once, from the loop, when QEMU closes the socket, talks nonsense
 *		or reads nothing
 *
 * Commands are answered in order (no out-of-band execution is asked for), so
 * the queue of those in flight is all the bookkeeping there is. Every callback
 * may call qmp_stop(), and qmp_start() after that.
 */
struct qmp {
	struct stream stream;
	struct qmp_command *first, **last;
	void (*event)(void *arg, const char *name, const struct json *message);
	void (*greeted)(void *arg, const char *version);
	void (*lost)(void *arg, const char *why);
	void *arg;
};

/**
 * qmp_start() - Take over one end of the socketpair whose other end QEMU has
 *
 * Negotiates at once: commands may be sent from here on, QEMU reads them when
 * it is up, which saves a round trip a command.
 *
 * @fd:		Ours; non-blocking from now on, closed by qmp_stop(), or here when it fails
 */
int qmp_start(struct qmp *q, struct loop *l, int fd, struct err *err);
void qmp_stop(struct qmp *q);

/**
 * qmp_send() - Queue a command
 * @arguments:	JSON object, or NULL
 * @done:	Called with the answer, or NULL
 */
void qmp_send(struct qmp *q, const char *command, const char *arguments, qmp_reply_fn *done, void *arg);

/* The same for a command that is a text: one object, without an "id". */
void qmp_send_text(struct qmp *q, const char *command, qmp_reply_fn *done, void *arg);

/* Nobody is told any more of the answers to commands that were sent with this @arg. */
void qmp_forget(struct qmp *q, const void *arg);

/* Tell @greeted the version in an answer to "query-version": a QEMU that was thawed does not greet. */
void qmp_take_version(struct qmp *q, const struct json *answer);

/**
 * qmp_pass_fd() - Give QEMU a descriptor under a name (the command "getfd")
 * @fd:		Ours; QEMU gets a copy
 * @name:	For "fd:NAME" in later commands
 *
 * Return: 0, or -1 when the socket does not take it at once
 */
int qmp_pass_fd(struct qmp *q, int fd, const char *name, struct err *err);

/* The same for "/dev/fdset/SET" as a file's name (the command "add-fd"); @set was not used before. */
int qmp_add_fd(struct qmp *q, int fd, unsigned set, struct err *err);

#endif
