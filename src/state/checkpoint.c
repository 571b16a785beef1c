/* checkpoint.c - the files in which save() keeps a machine for the rest of its test */
#include "state/checkpoint.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "machine/disks.h"

struct checkpoint {
	char *name, *error;
	const char *store; /* the world's, which outlives it */
	int fd;
	int disks[COMMAND_DISKS_MAX]; /* -1 */
	bool frozen;
	char *bases[COMMAND_BASES_MAX];
	struct checkpoint *next;
};

/* On the store's disk rather than in memory: it is as large as the guest. */
static int nameless(const char *store)
{
	int fd = open(store, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? fd_memory("vmtap-checkpoint") : fd;
}

struct checkpoint *checkpoint_new(const char *store, const char *name)
{
	struct checkpoint *c = xcalloc(1, sizeof(*c));

	c->name = xstrdup(name);
	c->store = store;
	for (size_t i = 0; i < ARRAY_SIZE(c->disks); i++)
		c->disks[i] = -1;
	c->fd = nameless(store);
	return c;
}

int checkpoint_fd(const struct checkpoint *c)
{
	return c->fd;
}

char *checkpoint_path(const struct checkpoint *c)
{
	return xasprintf("/proc/self/fd/%d", c->fd);
}

void checkpoint_set_bases(struct checkpoint *c, const char *const bases[COMMAND_BASES_MAX])
{
	c->frozen = true;
	for (size_t i = 0; i < COMMAND_BASES_MAX && bases[i]; i++)
		c->bases[i] = xstrdup(bases[i]);
}

bool checkpoint_origin(const struct checkpoint *c, struct machine_origin *o)
{
	if (!c->frozen)
		return false;
	o->frozen = checkpoint_path(c);
	for (size_t i = 0; i < COMMAND_BASES_MAX && c->bases[i]; i++)
		o->bases[i] = xstrdup(c->bases[i]);
	return true;
}

int checkpoint_keep_disks(struct checkpoint *c, const struct machine *m, struct err *err)
{
	for (size_t i = 0; i < m->spec->ndisks; i++) {
		if (!m->spec->disks[i].size)
			continue;
		c->disks[i] = nameless(c->store);
		if (c->disks[i] < 0)
			return err_errno(err, "no room for its disks");
		if (disks_keep(m, i, c->disks[i], err) < 0)
			return -1;
	}
	return 0;
}

void checkpoint_begin_with_disks(const struct checkpoint *c, struct machine_origin *o)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->disks); i++)
		if (c->disks[i] >= 0)
			o->written[i] = xasprintf("/proc/self/fd/%d", c->disks[i]);
}

void checkpoint_set_error(struct checkpoint *c, const char *error)
{
	c->error = error ? xstrdup(error) : NULL;
}

const char *checkpoint_error(const struct checkpoint *c)
{
	return c->error;
}

static struct checkpoint **place_of(struct checkpoint **list, const char *name)
{
	while (*list && strcmp((*list)->name, name) != 0)
		list = &(*list)->next;
	return list;
}

void checkpoint_settle(struct checkpoint **pending, struct checkpoint **list)
{
	struct checkpoint *c = *pending;
	struct checkpoint **at = place_of(list, c->name);
	struct checkpoint *old = *at;

	if (c->error) {
		checkpoint_drop(pending);
		return;
	}
	c->next = old ? old->next : NULL;
	*at = c;
	*pending = NULL;
	checkpoint_drop(&old);
}

const struct checkpoint *checkpoint_find(const struct checkpoint *list, const char *name)
{
	while (list && strcmp(list->name, name) != 0)
		list = list->next;
	return list;
}

void checkpoint_drop(struct checkpoint **c)
{
	if (!*c)
		return;
	fd_close(&(*c)->fd);
	for (size_t i = 0; i < ARRAY_SIZE((*c)->disks); i++)
		fd_close(&(*c)->disks[i]);
	free((*c)->name);
	free((*c)->error);
	for (size_t i = 0; i < COMMAND_BASES_MAX; i++)
		free((*c)->bases[i]);
	free(*c);
	*c = NULL;
}

void checkpoint_free_all(struct checkpoint **list)
{
	while (*list) {
		struct checkpoint *c = *list;

		*list = c->next;
		checkpoint_drop(&c);
	}
}
