/* prepare.c - making what the machines of a script boot from, without making the run wait */
#include "cmd/prepare.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/proc.h"
#include "store/store.h"
#include "wire/frame.h"

#define MESSAGE_MAX (16 << 20) /* bytes of the child's message: a few paths or an error for each machine */

static bool is_pending(const struct machine_spec *m)
{
	return !m->broken && !m->prepared;
}

static void put_disk(struct buf *out, const struct spec_disk *d)
{
	wire_put_str(out, d->format);
	wire_put_str(out, d->serial);
	wire_put_u8(out, d->read_only);
	wire_put_u64(out, d->size);
	wire_put_str(out, d->path ? d->path : "");
}

/* The child's message: for each machine that was pending its files, or why there are none. */
static void be_child(const void *order, struct buf *message)
{
	const struct prepare *p = *(struct prepare *const *)order;
	const struct spec *w = &p->file->world;

	p->in_child(p->arg);
	for (size_t i = 0; i < w->nmachines; i++) {
		const struct machine_spec *m = &w->machines[i];
		struct err err = {0};

		if (!is_pending(m))
			continue;
		if (plan_prepare(p->file, p->settings, i, &err) < 0) {
			wire_put_u8(message, 0);
			wire_put_str(message, err.text);
			continue;
		}
		wire_put_u8(message, 1);
		wire_put_str(message, m->kernel ? m->kernel : "");
		wire_put_str(message, m->initrd ? m->initrd : "");
		wire_put_str(message, m->words ? m->words : "");
		wire_put_u8(message, m->firmware != NULL);
		wire_put_u32(message, (uint32_t)m->ndisks);
		for (size_t d = 0; d < m->ndisks; d++)
			put_disk(message, &m->disks[d]);
	}
}

/* Take a file that the child has found, with its lease. */
static void take_file(struct prepare *p, struct wire_reader *r, struct machine_spec *m, char **to)
{
	char *path = wire_get_str(r);

	if (!r->bad && *path && !m->broken && !store_lease(p->settings->store, path))
		m->broken = xasprintf("machine '%s': '%s' went from the cache while it was prepared", m->name, path);
	if (!r->bad && *path)
		*to = steal(path);
	free(path);
}

static void take_disk(struct prepare *p, struct wire_reader *r, struct machine_spec *m)
{
	cleanup_free char *path = NULL;
	cleanup_free char *format = wire_get_str(r);
	cleanup_free char *serial = wire_get_str(r);
	bool read_only = wire_get_u8(r);
	uint64_t size = wire_get_u64(r);

	take_file(p, r, m, &path);
	r->bad |= m->ndisks == COMMAND_DISKS_MAX;
	if (!r->bad)
		spec_add_disk(m, &(struct spec_disk){path, format, serial, read_only, size});
}

/* None is NULL, here as where no child was needed: they are part of the machine's key. */
static char *take_words(struct wire_reader *r)
{
	cleanup_free char *words = wire_get_str(r);

	return *words ? steal(words) : NULL;
}

static void take_machine(struct prepare *p, struct wire_reader *r, struct machine_spec *m)
{
	if (wire_get_u8(r)) {
		take_file(p, r, m, &m->kernel);
		take_file(p, r, m, &m->initrd);
		m->words = take_words(r);
		if (wire_get_u8(r) && plan_add_firmware(m, NULL) < 0)
			r->bad = true;
		m->prepared = true;
		for (uint32_t n = wire_get_u32(r); n && !r->bad; n--)
			take_disk(p, r, m);
	} else {
		m->broken = wire_get_str(r);
	}
}

static void ended(void *arg, const struct buf *message, int status)
{
	struct prepare *p = arg;
	struct spec *w = &p->file->world;
	struct wire_reader r = {.p = (const uint8_t *)message->data, .left = message->len};
	cleanup_free char *how = proc_status_text(status);

	for (size_t i = 0; i < w->nmachines; i++) {
		struct machine_spec *m = &w->machines[i];

		if (!is_pending(m))
			continue;
		take_machine(p, &r, m);
		if (!r.bad)
			continue;
		free(m->broken);
		m->broken = xasprintf("machine '%s': the process that prepares its image ended: %s", m->name, how);
	}
	p->done(p->arg);
}

/* Take what is in the store. Return: whether that is all. */
static bool find_all(const struct prepare *p)
{
	const struct spec *w = &p->file->world;
	bool all = true;

	store_set_quick(true);
	for (size_t i = 0; i < w->nmachines; i++)
		if (is_pending(&w->machines[i]))
			all &= plan_prepare(p->file, p->settings, i, NULL) == 0;
	store_set_quick(false);
	return all;
}

bool prepare_start(struct prepare *p, struct plan_file *f)
{
	struct err err = {0};

	p->file = f;
	if (find_all(p))
		return false;
	p->started = clock_now();
	p->task.limit = MESSAGE_MAX;
	p->task.ended = ended;
	p->task.arg = p;
	if (task_start(&p->task, be_child, &p, &err) == 0)
		return true;
	for (size_t i = 0; i < f->world.nmachines; i++)
		if (is_pending(&f->world.machines[i]))
			f->world.machines[i].broken = xstrdup(err.text);
	return false;
}
