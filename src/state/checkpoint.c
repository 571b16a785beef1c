/* checkpoint.c - a machine kept as it is in the middle of a test, to go back to */
#include "state/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "machine/saving.h"

#define RETRY_MS 2

struct checkpoint {
	char *name;
	int fd;
	struct checkpoint *next;
};

/* One save under way, and whom to tell. */
struct pending {
	struct saving saving;
	void (*done)(void *arg, const char *error);
	void *arg;
	char *error; /* of the save, or NULL */
};

/* A file on the store's disk rather than in memory: it is as large as the guest. */
static int open_file(const struct machine *m)
{
	int fd = open(m->world->store, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : memfd_create("vmtap-checkpoint", MFD_CLOEXEC);
}

static struct checkpoint *find(const struct machine *m, const char *name)
{
	struct checkpoint *c = m->checkpoints;

	while (c && strcmp(c->name, name))
		c = c->next;
	return c;
}

/* Return: the checkpoint of that name, empty. */
static struct checkpoint *make(struct machine *m, const char *name)
{
	struct checkpoint *c = find(m, name);

	if (!c) {
		c = xcalloc(1, sizeof(*c));
		*c = (struct checkpoint){.name = xstrdup(name), .fd = -1, .next = m->checkpoints};
		m->checkpoints = c;
	}
	fd_close(&c->fd);
	c->fd = open_file(m);
	return c;
}

static void go_on(void *arg);

/*
 * QEMU says "completed" a moment before it is done: until then it refuses to go
 * on ("Migration is not finalized yet"), and no event tells when it would not.
 */
static void went_on(void *arg, const struct json *reply, const char *error)
{
	struct pending *p = arg;
	struct machine *m = p->saving.machine;

	(void)reply;
	if (!p->saving.done)
		return; /* abandoned */
	if (error) {
		p->saving.poll = (struct timer){.expired = go_on, .arg = p};
		loop_timer(m->loop, &p->saving.poll, clock_now() + RETRY_MS * NS_PER_MS);
		return;
	}
	m->saving = NULL;
	p->done(p->arg, p->error);
	free(p->error);
	free(p);
}

static void go_on(void *arg)
{
	struct pending *p = arg;

	qmp_send(&p->saving.machine->qmp, "cont", NULL, went_on, p);
}

/* QEMU has stopped the machine to save it. */
static void saved(void *arg, const char *error)
{
	struct pending *p = arg;

	p->error = error ? xstrdup(error) : NULL;
	go_on(p);
}

void checkpoint_save(struct machine *m, const char *name, void (*done)(void *arg, const char *error), void *arg)
{
	struct checkpoint *c = make(m, name);
	struct pending *p;

	if (c->fd < 0) {
		done(arg, strerror(errno));
		return;
	}
	p = xcalloc(1, sizeof(*p));
	*p = (struct pending){.done = done, .arg = arg};
	p->saving = (struct saving){.machine = m, .fd = c->fd, .done = saved, .arg = p};
	m->saving = &p->saving;
	saving_start(&p->saving);
}

bool checkpoint_restore(struct machine *m, const char *name)
{
	struct checkpoint *c = find(m, name);
	cleanup_free char *path = c ? xasprintf("/proc/self/fd/%d", c->fd) : NULL;

	if (!c || c->fd < 0)
		return false;
	/* Opened anew through /proc, so that each restore reads from the start. */
	machine_resume(m, path);
	return true;
}

void checkpoint_abandon(struct machine *m)
{
	if (!m->saving)
		return;
	saving_abandon(m->saving); /* QMP may still hold it: a few bytes until the test ends */
	m->saving = NULL;
}

void checkpoint_free(struct machine *m)
{
	while (m->checkpoints) {
		struct checkpoint *c = m->checkpoints;

		m->checkpoints = c->next;
		fd_close(&c->fd);
		free(c->name);
		free(c);
	}
}
