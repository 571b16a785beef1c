/* saving.c - writing a running machine's state to a file, through QMP */
#include "world/saving.h"

#include <string.h>

#include "base/clock.h"

#define POLL_MS 2 /* between looks at the progress: a state without memory takes 6 ms */

static void finish(struct saving *s, const char *error)
{
	if (s->done)
		s->done(s->arg, error);
}

static void progress(void *arg, const struct json *reply, const char *error)
{
	struct saving *s = arg;
	const char *status = reply ? json_text(reply, "status") : NULL;

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

static void started(void *arg, const struct json *reply, const char *error)
{
	struct saving *s = arg;

	(void)reply;
	if (error)
		finish(s, error);
	else
		look(s);
}

void saving_start(struct saving *s)
{
	struct qmp *q = &s->machine->qmp;
	struct err err = {0};

	s->poll = (struct timer){.expired = look, .arg = s};
	if (qmp_pass_fd(q, s->fd, "state", NULL, NULL, &err) < 0)
		finish(s, err.text);
	else
		qmp_send(q, "migrate", "{\"uri\":\"fd:state\"}", started, s);
}
