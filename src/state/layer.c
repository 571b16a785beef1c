/* layer.c - what a setup leaves: all of its machines, saved at one moment */
#include "state/layer.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "machine/handshake.h"
#include "machine/saving.h"
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

	return state && file_exists(state);
}

static size_t count_up(const struct machine *machines, size_t n)
{
	size_t up = 0;

	for (size_t i = 0; i < n; i++)
		up += machines[i].state == MACHINE_UP;
	return up;
}

/* Several things under way at the same time; the loop stops when the last is done or one has failed. */
struct batch {
	struct loop *loop;
	size_t pending;
	struct timer limit;
	char *error;
};

static void one_done(void *arg, const char *error)
{
	struct batch *b = arg;

	if (error && !b->error)
		b->error = xstrdup(error);
	if (--b->pending == 0 || error)
		loop_stop(b->loop);
}

static void stopped(void *arg, const struct json *reply, const char *error)
{
	(void)reply;
	one_done(arg, error);
}

static void too_late(void *arg)
{
	struct batch *b = arg;

	b->error = xstrdup("it took too long");
	loop_stop(b->loop);
}

static int run_batch(struct batch *b, double limit, struct err *err)
{
	b->limit = (struct timer){.expired = too_late, .arg = b};
	loop_timer(b->loop, &b->limit, clock_now() + (uint64_t)(limit * 1e9));
	if (b->pending && !b->error && loop_run(b->loop, err) < 0)
		return -1;
	loop_timer(b->loop, &b->limit, CLOCK_NEVER);
	if (!b->error)
		return 0;
	err_set(err, "%s", b->error);
	free(b->error);
	return -1;
}

/* ---- a silent network ---- */

struct silence {
	struct loop *loop;
	struct timer timer;
	struct net_switch **switches;
	size_t nswitches;
	uint64_t seen, end;
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
		loop_stop(s->loop);
		return;
	}
	s->seen = n;
	loop_timer(s->loop, &s->timer, now + QUIET_MS * NS_PER_MS);
}

static int await_silence(struct loop *l, struct net_switch **switches, size_t nswitches, struct err *err)
{
	struct silence s = {.loop = l, .switches = switches, .nswitches = nswitches, .seen = UINT64_MAX};

	s.timer = (struct timer){.expired = listen, .arg = &s};
	s.end = clock_now() + QUIET_MAX_MS * NS_PER_MS;
	loop_timer(l, &s.timer, clock_now());
	return loop_run(l, err);
}

/* ---- the cut ---- */

static void quiet(void *arg, const struct frame *f)
{
	(void)f; /* the machine is saved now, whether it has become idle or not */
	one_done(arg, NULL);
}

static void quieten(struct machine *m, struct batch *b)
{
	handshake_await_quiet(m, quiet, b);
}

static void stop(struct machine *m, struct batch *b)
{
	qmp_send(&m->qmp, "stop", NULL, stopped, b);
}

/* Start something with every machine that is up, and wait until all of it is done. */
static int with_all(struct loop *l, struct machine *machines, size_t n, void (*start)(struct machine *, struct batch *),
		    double limit, struct err *err)
{
	struct batch b = {.loop = l};

	for (size_t i = 0; i < n; i++) {
		if (machines[i].state != MACHINE_UP)
			continue;
		b.pending++;
		start(&machines[i], &b);
	}
	return run_batch(&b, limit, err);
}

static void save_one(struct saving *s, struct machine *m, const char *dir, struct batch *b)
{
	cleanup_free char *path = layer_path(dir, m->spec->name, "state");
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct err err = {0};

	if (fd < 0) {
		store_write_error(&err, path);
		one_done(b, err.text);
		return;
	}
	*s = (struct saving){.machine = m, .fd = fd, .done = one_done, .arg = b};
	saving_start(s);
}

static int save_all(struct loop *l, struct machine *machines, size_t n, const char *dir, double limit,
		    struct err *err)
{
	struct saving *savings = xcalloc(n, sizeof(*savings));
	struct batch b = {.loop = l, .pending = count_up(machines, n)};
	int r;

	for (size_t i = 0; i < n && !b.error; i++)
		if (machines[i].state == MACHINE_UP)
			save_one(&savings[i], &machines[i], dir, &b);
	r = run_batch(&b, limit, err);
	for (size_t i = 0; i < n; i++)
		if (savings[i].machine) /* it was started */
			saving_abandon(&savings[i]);
	free(savings);
	return r;
}

static int write_names(struct machine *machines, size_t n, const char *dir, struct err *err)
{
	cleanup_free char *path = path_join(dir, "machines");
	cleanup_buf struct buf names = {0};

	for (size_t i = 0; i < n; i++) {
		cleanup_free char *ram = layer_path(dir, machines[i].spec->name, "ram");

		if (machines[i].state != MACHINE_UP)
			continue;
		buf_addf(&names, "%s\n", machines[i].spec->name);
		ram_dig_holes(ram);
	}
	buf_addc(&names, '\n');
	return file_write_atomic(path, names.data, names.len, 0666, err);
}

static int save_in_steps(struct loop *l, struct net_switch **switches, size_t nswitches, struct machine *machines,
			 size_t n, const char *dir, double limit, struct err *err)
{
	if (with_all(l, machines, n, quieten, limit, err) < 0 || await_silence(l, switches, nswitches, err) < 0 ||
	    with_all(l, machines, n, stop, limit, err) < 0 || save_all(l, machines, n, dir, limit, err) < 0)
		return -1;
	return write_names(machines, n, dir, err);
}

int layer_save(struct loop *l, struct net_switch **switches, size_t nswitches, struct machine *machines, size_t n,
	       const char *dir, double limit, struct err *err)
{
	size_t up = count_up(machines, n);

	for (size_t i = 0; i < n; i++)
		if (machines[i].state == MACHINE_UP && !machines[i].origin.kept)
			return err_set(err, "'%s' has no template to begin with", machines[i].spec->name);
	if (save_in_steps(l, switches, nswitches, machines, n, dir, limit, err) < 0)
		return -1;
	return count_up(machines, n) == up ? 0 : err_set(err, "a machine stopped before all were saved");
}
