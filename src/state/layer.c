/* layer.c - what a setup leaves: all of its machines, saved at one moment */
#include "state/layer.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "machine/disks.h"
#include "machine/freezing.h"
#include "machine/handshake.h"
#include "machine/saving.h"
#include "state/bases.h"
#include "state/changes.h"
#include "state/ram.h"
#include "store/store.h"

#define QUIET_MS     5	 /* a network without a frame for that long is silent ... */
#define QUIET_MAX_MS 200 /* ... and is waited for no longer than that */

char *layer_path(const char *dir, const char *machine, const char *suffix)
{
	return xasprintf("%s/%s.%s", dir, machine, suffix);
}

bool layer_has(const char *dir, const char *machine)
{
	cleanup_free char *state = dir ? layer_path(dir, machine, "state") : NULL;
	cleanup_free char *frozen = dir ? layer_path(dir, machine, "frozen") : NULL;

	return dir && (file_exists(state) || file_exists(frozen));
}

/**
 * struct cut - The machines on their way to being saved, in steps that all of them make together
 * @member:	Of each machine: it was up when this began
 * @pending:	Members that have not made the step under way
 * @savings:	Of each member; @machine is set in those that were begun
 * @limit:	Of all steps
 * @error:	Why it has failed, or NULL; owned
 */
struct cut {
	struct loop *loop;
	struct machine *machines;
	size_t n, pending;
	bool member[SPEC_MACHINES_MAX];
	struct saving savings[SPEC_MACHINES_MAX];
	struct freezing freezings[SPEC_MACHINES_MAX]; /* instead, of those that were thawed */
	const char *dir;
	struct timer limit;
	char *error;
};

static void fail(struct cut *c, const char *why)
{
	if (!c->error)
		c->error = xstrdup(why);
	loop_stop(c->loop);
}

static void too_late(void *arg)
{
	fail(arg, "it took too long");
}

/* Return: whether there is no reason to give up; a member that has stopped is one. */
static bool goes_well(struct cut *c)
{
	for (size_t i = 0; i < c->n && !c->error; i++)
		if (c->member[i] && c->machines[i].state != MACHINE_UP)
			fail(c, "a machine stopped before all were saved");
	return !c->error;
}

/* ---- steps ---- */

static void one_done(void *arg, const char *error)
{
	struct cut *c = arg;

	c->pending--;
	if (error)
		fail(c, error);
	else if (!c->pending)
		loop_stop(c->loop);
}

/* Begin something with every member, and wait until all of it is done. */
static int make_step(struct cut *c, void (*begin)(struct cut *c, size_t i), struct err *err)
{
	for (size_t i = 0; i < c->n; i++)
		c->pending += c->member[i];
	for (size_t i = 0; i < c->n && !c->error; i++)
		if (c->member[i])
			begin(c, i);
	while (goes_well(c) && c->pending)
		if (loop_run(c->loop, err) < 0)
			return -1;
	return c->error ? err_set(err, "%s", c->error) : 0;
}

static void quiet(void *arg, const struct frame *f)
{
	(void)f; /* the machine is saved now, whether it has become idle or not */
	one_done(arg, NULL);
}

static void quieten(struct cut *c, size_t i)
{
	handshake_await_quiet(&c->machines[i], quiet, c);
}

static void stopped(void *arg, const struct json *reply, const char *error)
{
	(void)reply;
	one_done(arg, error);
}

static void stop(struct cut *c, size_t i)
{
	qmp_send(&c->machines[i].qmp, "stop", NULL, stopped, c);
}

static void save(struct cut *c, size_t i)
{
	struct machine *m = &c->machines[i];
	cleanup_free char *path = layer_path(c->dir, m->spec->name, m->origin.frozen ? "frozen" : "state");
	cleanup_fd int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct err err = {0};

	if (fd < 0) {
		store_write_error(&err, path);
		one_done(c, err.text);
		return;
	}
	if (m->origin.frozen) {
		c->freezings[i] = (struct freezing){.machine = m, .fd = fd, .done = one_done, .arg = c};
		if (bases_keep(path, m, &err) < 0 || freezing_start(&c->freezings[i], &err) < 0)
			one_done(c, err.text);
		return;
	}
	c->savings[i] = (struct saving){.machine = m, .fd = fd, .done = one_done, .arg = c};
	saving_start(&c->savings[i]);
}

/* ---- a silent network ---- */

struct silence {
	struct loop *loop;
	struct timer timer;
	struct net_switch **switches;
	size_t nswitches;
	uint64_t seen, end;
	bool over;
};

static uint64_t frames(const struct silence *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->nswitches; i++)
		n += switch_stats(s->switches[i])->received;
	return n;
}

static void listen(void *arg)
{
	struct silence *s = arg;
	uint64_t n = frames(s), now = clock_now();

	if (n == s->seen || now > s->end) {
		s->over = true;
		loop_stop(s->loop);
		return;
	}
	s->seen = n;
	loop_timer(s->loop, &s->timer, now + QUIET_MS * NS_PER_MS);
}

static int await_silence(struct cut *c, struct net_switch **switches, size_t nswitches, struct err *err)
{
	struct silence s = {.loop = c->loop, .switches = switches, .nswitches = nswitches, .seen = UINT64_MAX};
	int r = 0;

	s.timer = (struct timer){.expired = listen, .arg = &s};
	s.end = clock_now() + QUIET_MAX_MS * NS_PER_MS;
	loop_timer(c->loop, &s.timer, clock_now());
	while (r == 0 && goes_well(c) && !s.over)
		r = loop_run(c->loop, err);
	loop_timer(c->loop, &s.timer, CLOCK_NEVER);
	return c->error ? err_set(err, "%s", c->error) : r;
}

/* ---- roots ---- */

/* A machine that this setup has not used may have a root that the one before has left of it. */
static int carry_roots(const struct cut *c, struct err *err)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct machine *m = &c->machines[i];
		const char *before = m->world->layer;
		cleanup_free char *from = before ? layer_path(before, m->spec->name, CHANGES) : NULL;
		cleanup_free char *to = layer_path(c->dir, m->spec->name, CHANGES);

		if (m->spec->keep && !m->used && from && file_exists(from) && changes_begin(to, from, 0, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- the cut ---- */

/* And what each has written to its disks, now that nothing more comes; that of a frozen one is in its file. */
static int write_names(const struct cut *c, struct err *err)
{
	cleanup_free char *path = path_join(c->dir, "machines");
	cleanup_buf struct buf names = {0};

	for (size_t i = 0; i < c->n; i++) {
		cleanup_free char *ram = layer_path(c->dir, c->machines[i].spec->name, "ram");
		cleanup_free char *disk = layer_path(c->dir, c->machines[i].spec->name, LAYER_DISK);

		if (!c->member[i])
			continue;
		if (!c->machines[i].origin.frozen && disks_keep_all(&c->machines[i], disk, err) < 0)
			return -1;
		buf_addf(&names, "%s\n", c->machines[i].spec->name);
		ram_dig_holes(ram);
	}
	buf_addc(&names, '\n');
	return file_write_atomic(path, names.data, names.len, 0666, err);
}

static int save_in_steps(struct cut *c, struct net_switch **switches, size_t nswitches, struct err *err)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->member[i] && !c->machines[i].origin.kept && !c->machines[i].origin.frozen)
			return err_set(err, "'%s' has no template to begin with", c->machines[i].spec->name);
	for (size_t i = 0; i < c->n; i++)
		if (c->member[i] && c->machines[i].asleep)
			return err_set(err, "'%s' is asleep", c->machines[i].spec->name);
	if (make_step(c, quieten, err) < 0 || await_silence(c, switches, nswitches, err) < 0 ||
	    make_step(c, stop, err) < 0 || make_step(c, save, err) < 0 || carry_roots(c, err) < 0)
		return -1;
	return write_names(c, err);
}

/* @c ends here, so nothing that was asked of the machines may be answered any more. */
static void call_off(struct cut *c)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->savings[i].machine)
			saving_abandon(&c->savings[i]);
		if (c->machines[i].state == MACHINE_UP)
			machine_reset(&c->machines[i]);
	}
}

int layer_save(struct loop *l, struct net_switch **switches, size_t nswitches, struct machine *machines, size_t n,
	       const char *dir, double limit, struct err *err)
{
	struct cut c = {.loop = l, .machines = machines, .n = n, .dir = dir, .limit = {.expired = too_late, .arg = &c}};
	int r;

	for (size_t i = 0; i < n; i++)
		c.member[i] = machines[i].state == MACHINE_UP;
	loop_timer(l, &c.limit, clock_now() + (uint64_t)(limit * 1e9));
	r = save_in_steps(&c, switches, nswitches, err);
	loop_timer(l, &c.limit, CLOCK_NEVER);
	if (r < 0)
		call_off(&c);
	free(c.error);
	return r;
}
