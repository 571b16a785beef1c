/* disks.c - what a machine writes to its disks, for as long as it lives */
#include "machine/disks.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "qemu/overlay.h"

/* On the store's disk rather than in memory: a guest may write gigabytes. */
static int nameless(const struct machine *m, struct err *err)
{
	int fd = open(m->world->store, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		fd = fd_memory("vmtap-disk");
	return fd < 0 ? err_errno(err, "no room for what '%s' writes to its disk", m->spec->name) : fd;
}

static int copy_of(const char *path, int to, struct err *err)
{
	cleanup_fd int from = open(path, O_RDONLY | O_CLOEXEC);

	if (from < 0)
		return err_errno(err, "cannot open '%s'", path);
	return overlay_copy(from, to, err);
}

int disks_open(struct machine *m, struct err *err)
{
	disks_close(m);
	if (m->origin.frozen)
		return 0;
	for (size_t i = 0; i < m->spec->ndisks; i++) {
		const char *before = m->origin.freezer ? NULL : m->origin.written[i];
		uint64_t size = m->spec->disks[i].size;

		if (!size)
			continue;
		m->written[i] = nameless(m, err);
		if (m->written[i] < 0)
			return -1;
		if (before ? copy_of(before, m->written[i], err) < 0 : overlay_begin(m->written[i], size, err) < 0)
			return -1;
	}
	if (!m->spec->firmware)
		return 0;
	/* Of a machine that was saved they are part of its state, and are written here when it goes on. */
	m->variables = nameless(m, err);
	return m->variables < 0 ? -1 : copy_of(m->spec->variables, m->variables, err);
}

void disks_close(struct machine *m)
{
	for (size_t i = 0; i < ARRAY_SIZE(m->written); i++)
		fd_close(&m->written[i]);
	fd_close(&m->variables);
}

/* Another process opens it so, while this one has it. */
static char *path_of(int fd)
{
	return xasprintf("/proc/%ld/fd/%d", (long)getpid(), fd);
}

void disks_name(const struct machine *m, struct command *c)
{
	for (size_t i = 0; i < c->ndisks; i++) {
		if (!c->disks[i].overlay)
			continue;
		c->disks[i].overlay = path_of(m->written[i]);
		c->disks[i].before = m->origin.freezer ? m->origin.written[i] : NULL;
	}
	if (c->firmware)
		c->variables = path_of(m->variables);
}

void disks_unname(struct command *c)
{
	for (size_t i = 0; i < c->ndisks; i++)
		free((char *)c->disks[i].overlay);
	if (c->firmware)
		free((char *)c->variables);
}

int disks_keep(const struct machine *m, size_t i, int to, struct err *err)
{
	return overlay_copy(m->written[i], to, err);
}

int disks_keep_all(const struct machine *m, const char *prefix, struct err *err)
{
	for (size_t i = 0; i < m->spec->ndisks; i++) {
		cleanup_free char *path = NULL;
		cleanup_fd int fd = -1;

		if (!m->spec->disks[i].size)
			continue;
		path = xasprintf("%s%zu", prefix, i);
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (fd < 0)
			return err_errno(err, "cannot write '%s'", path);
		if (disks_keep(m, i, fd, err) < 0)
			return -1;
	}
	return 0;
}

void disks_begin_with(const struct machine_spec *m, const char *prefix, struct machine_origin *o)
{
	for (size_t i = 0; i < m->ndisks; i++) {
		free(o->written[i]);
		o->written[i] = m->disks[i].size ? xasprintf("%s%zu", prefix, i) : NULL;
	}
}
