/* saving.c - writing a machine's state to a file and loading it again, through QMP
 *
 * Memory is part of a state only of a machine that stands still. QEMU would write that of one that runs, and then again
 * what has changed; but of what a guest changes under TCG it misses some. Before 9.0 a store by way of an address that was
 * translated before is not seen at all ("physmem: Fix migration dirty bitmap coherency with TCG memory access", not in
 * Debian 12's 7.2), and in all versions one is lost that a processor was about to make when QEMU looked. The copy then has
 * a stale word somewhere: on a busy host a kernel that finds its stack corrupted.
 *
 * The file is named "fd:NAME". QEMU deprecated that for files in 9.1, in favour
 * of "file:", which it knows since 8.2, and means to take it away.
 * Debian 12 has 7.2. No version is asked for: a QEMU that refuses the one is
 * asked for the other, and if that fails too, the first refusal is the reason.
 */
#include "machine/saving.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#define POLL_MS 2 /* between looks at the progress: a state without memory takes 6 ms */

static_assert(COMMAND_FD_STATE == SAVING_RESUMED_FD, "the texts below name it");

void saving_leave_memory(struct qmp *q, bool leave)
{
	cleanup_free char *capabilities = xasprintf(
		"{\"capabilities\":[{\"capability\":\"x-ignore-shared\",\"state\":%s},"
		"{\"capability\":\"events\",\"state\":true}]}",
		leave ? "true" : "false");

	qmp_send(q, "migrate-set-capabilities", capabilities, NULL, NULL);
	/* A copy is where the switch expects it: it need not tell the network that it has moved. */
	qmp_send(q, "migrate-set-parameters", "{\"announce-rounds\":0}", NULL, NULL);
}

/* ---- loading ---- */

static void taken_by_name(void *arg, const struct json *reply, const char *error)
{
	(void)reply;
	if (error)
		machine_state_refused(arg, error);
}

static void taken(void *arg, const struct json *reply, const char *error)
{
	struct machine *m = arg;

	(void)reply;
	if (error) /* it may want the file by name */
		qmp_send(&m->qmp, "migrate-incoming", "{\"uri\":\"file:/proc/self/fd/14\"}", taken_by_name, m);
}

void saving_load(struct machine *m)
{
	qmp_send(&m->qmp, "migrate-incoming", "{\"uri\":\"fd:14\"}", taken, m);
}

/* ---- saving ---- */

static void release(struct saving *s)
{
	fd_close(&s->copy);
	free(s->refusal);
	s->refusal = NULL;
}

static void finish(struct saving *s, const char *error)
{
	cleanup_free char *remove = xasprintf("{\"fdset-id\":%u}", s->set);
	cleanup_free char *why = error ? xstrdup(error) : NULL;

	if (s->set)
		qmp_send(&s->machine->qmp, "remove-fd", remove, NULL, NULL);
	release(s);
	s->done(s->arg, why);
}

static void progress(void *arg, const struct json *reply, const char *error)
{
	struct saving *s = arg;
	const char *status = reply ? json_text(reply, "status") : NULL;

	if (!s->done)
		return; /* abandoned */
	if (error || !status)
		finish(s, error ? error : "QEMU does not know what became of it");
	else if (strcmp(status, "completed") == 0)
		finish(s, NULL);
	else if (strcmp(status, "failed") == 0 || strcmp(status, "cancelled") == 0)
		finish(s, json_text(reply, "error-desc") ? json_text(reply, "error-desc") : status);
	else
		loop_timer(s->machine->loop, &s->poll, clock_now() + POLL_MS * NS_PER_MS);
}

static void look(void *arg)
{
	struct saving *s = arg;

	qmp_send(&s->machine->qmp, "query-migrate", NULL, progress, s);
}

static void started(void *arg, const struct json *reply, const char *error);

/* Opened anew, because QEMU looks in the set for one that is open for writing only. Return: 0, or -1. */
static int ask_for_file(struct saving *s)
{
	static unsigned sets;
	cleanup_free char *path = xasprintf("/proc/self/fd/%d", s->copy);
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	cleanup_free char *uri = xasprintf("{\"uri\":\"file:/dev/fdset/%u\"}", ++sets);

	if (fd < 0 || qmp_add_fd(&s->machine->qmp, fd, sets, NULL) < 0)
		return -1;
	s->set = sets;
	qmp_send(&s->machine->qmp, "migrate", uri, started, s);
	return 0;
}

static void started(void *arg, const struct json *reply, const char *error)
{
	struct saving *s = arg;

	(void)reply;
	if (!s->done)
		return; /* abandoned */
	if (!error) {
		look(s);
	} else if (s->refusal) {
		finish(s, s->refusal);
	} else {
		s->refusal = xstrdup(error);
		if (ask_for_file(s) < 0)
			finish(s, s->refusal);
	}
}

void saving_start(struct saving *s)
{
	struct qmp *q = &s->machine->qmp;
	struct err err = {0};

	s->poll = (struct timer){.expired = look, .arg = s};
	s->copy = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);
	if (s->machine->origin.ram)
		saving_leave_memory(q, !s->whole);
	if (s->whole)
		qmp_send(q, "stop", NULL, NULL, NULL);
	if (qmp_pass_fd(q, s->fd, "state", &err) < 0)
		finish(s, err.text);
	else
		qmp_send(q, "migrate", "{\"uri\":\"fd:state\"}", started, s);
}

void saving_abandon(struct saving *s)
{
	loop_timer(s->machine->loop, &s->poll, CLOCK_NEVER);
	s->done = NULL;
	release(s);
}
