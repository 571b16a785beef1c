/* checkpoint.c - a machine kept as it is in the middle of a test, to go back to */
#include "world/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "world/saving.h"

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

/* QEMU has stopped the machine to save it. */
static void saved(void *arg, const char *error)
{
	struct pending *p = arg;
	struct machine *m = p->saving.machine;
	void (*done)(void *, const char *) = p->done;
	void *done_arg = p->arg;

	qmp_send(&m->qmp, "cont", NULL, NULL, NULL);
	m->saving = NULL;
	done(done_arg, error);
	free(p);
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
	loop_timer(m->loop, &m->saving->poll, CLOCK_NEVER);
	m->saving->done = NULL; /* QMP may still hold it: a few bytes until the test ends */
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
