/* making.c - the making of a template, in the process that template.c forks for it */
#include "state/making.h"

#include <assert.h>
#include <fcntl.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "machine/disks.h"
#include "machine/freezing.h"
#include "machine/saving.h"
#include "state/bases.h"
#include "state/origin.h"
#include "state/ram.h"
#include "store/store.h"

#define CONSOLE_BYTES 16384	/* sent to the world when the boot failed */

static_assert(CONSOLE_BYTES <= CONSOLE_KEEP, "no more is sent of a console than is kept");

struct making {
	struct loop loop;
	struct machine machine;
	struct net_switch *switches[SPEC_NETS_MAX];
	struct saving saving;
	struct freezing freezing;
	struct timer limit; /* of the save */
	char *state; /* path of the saved state, */
	char *disks; /* where what it has written to its disks goes, but for their numbers */
	const char *image; /* or of what is frozen */
	bool rehearse; /* before that */
	bool saved;
	char *error; /* why the state could not be saved */
	char *refused; /* why it cannot be frozen */
	int memory; /* as of origin_copy(), or of ram_begin() */
};

static void give_up(struct making *k, const char *why)
{
	k->error = xstrdup(why);
	loop_stop(&k->loop);
}

static void took_too_long(void *arg)
{
	give_up(arg, "it took too long");
}

static void saved(void *arg, const char *error)
{
	struct making *k = arg;
	struct err err = {0};

	if (!error && disks_keep_all(&k->machine, k->disks, &err) < 0)
		error = err.text;
	if (error)
		give_up(k, error);
	k->saved = !error;
	loop_stop(&k->loop);
}

static void frozen(void *arg, const char *error)
{
	struct making *k = arg;

	k->refused = error ? xstrdup(error) : NULL;
	k->saved = true;
	loop_stop(&k->loop);
}

static void freeze(struct making *k)
{
	cleanup_fd int fd = open(k->image, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct err err = {0};

	k->freezing = (struct freezing){.machine = &k->machine, .fd = fd, .done = frozen, .arg = k};
	if (fd < 0)
		store_write_error(&err, k->image);
	if (fd < 0 || bases_keep(k->image, &k->machine, &err) < 0 || freezing_start(&k->freezing, &err) < 0)
		give_up(k, err.text);
}

/*
 * Ready. It is not stopped first: the state would then say "paused", and every
 * copy would need a `cont`. QEMU stops it itself when it saves, and a stream
 * without memory is saved at once.
 */
static void save(struct making *k)
{
	cleanup_fd int fd = open(k->state, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct err err = {0};

	if (fd < 0) {
		store_write_error(&err, k->state);
		give_up(k, err.text);
		return;
	}
	k->saving = (struct saving){.machine = &k->machine, .fd = fd, .done = saved, .arg = k};
	saving_start(&k->saving);
}

static void machine_up(void *arg, struct machine *m)
{
	struct making *k = arg;

	loop_timer(&k->loop, &k->limit, clock_now() + (uint64_t)(m->world->boot_timeout * 1e9));
	if (k->image)
		freeze(k);
	else
		save(k);
}

static void machine_stopped(void *arg, struct machine *m)
{
	struct making *k = arg;

	(void)m;
	loop_stop(&k->loop);
}

/* Where the machine begins. @dir: NULL for one that is frozen. Return: 0 with @from filled, or -1. */
static int choose_origin(struct making *k, const char *base, const char *dir, struct machine_origin *from, struct err *err)
{
	cleanup_free char *path = dir ? path_join(dir, ORIGIN_RAM) : NULL, *begin = base ? path_join(base, ORIGIN_RAM) : NULL;
	cleanup_free char *written = base ? path_join(base, ORIGIN_DISK) : NULL;

	if (!dir)
		return origin_copy(ORIGIN_FREEZING, k->machine.spec, base, NULL, from, &k->memory, err);
	*from = (struct machine_origin){
		.state = base ? path_join(base, ORIGIN_STATE) : NULL,
		.kept = true,
		.rehearse = k->rehearse,
		.identity = origin_rules[base ? ORIGIN_NAMING : ORIGIN_MAKING].identity,
	};
	if (written)
		disks_begin_with(k->machine.spec, written, from);
	return ram_begin(begin, path, k->machine.spec->memory, &from->ram, &k->memory, err);
}

static int begin(struct making *k, const struct spec *w, size_t index, const char *base, const char *dir,
		 struct err *err)
{
	const struct machine_owner owner = {.up = machine_up, .stopped = machine_stopped, .arg = k};
	struct machine_origin from;

	if (loop_init(&k->loop, err) < 0)
		return -1;
	k->state = dir ? path_join(dir, ORIGIN_STATE) : NULL;
	k->disks = dir ? path_join(dir, ORIGIN_DISK) : NULL;
	k->limit = (struct timer){.expired = took_too_long, .arg = k};
	for (size_t i = 0; i < w->nnets; i++)
		k->switches[i] = switch_new(&k->loop);
	machine_init(&k->machine, w, index, &k->loop, k->switches, &owner);
	if (choose_origin(k, base, dir, &from, err) < 0) {
		machine_origin_free(&from);
		return -1;
	}
	machine_start(&k->machine, from);
	return 0;
}

/* What the world has to know when there is no template. */
static void report(const struct making *k, bool booted, const struct err *err, struct making_result *out)
{
	const struct machine *m = &k->machine;
	const char *text = buf_str(&m->console.text);

	if (m->ever_up && m->state != MACHINE_UP) { /* so it boots, even if it cannot be saved */
		out->reason = xasprintf("it was lost while it was saved: %s", m->gone ? m->gone : m->off_why);
	} else if (m->state == MACHINE_GONE) {
		out->loss = booted ? m->loss : LOSS_NONE; /* what could not be resumed may still boot */
		out->reason = xasprintf("%s%s", booted ? "" : "its template cannot be resumed: ", m->gone);
	} else if (k->error) {
		out->reason = xasprintf("QEMU cannot save this machine: %s", k->error);
	} else {
		out->reason = xstrdup(err->text);
	}
	out->console = xstrdup(text_tail(text, m->console.text.len, SIZE_MAX, CONSOLE_BYTES));
}

/* @dir: where a template's files go, or NULL. */
static void run(struct making *k, const struct spec *w, size_t index, const char *base, const char *dir,
		struct making_result *out)
{
	struct err err = {0};

	if (begin(k, w, index, base, dir, &err) == 0 && k->machine.state != MACHINE_GONE)
		loop_run(&k->loop, &err);
	if (!k->saved)
		report(k, !base, &err, out);
	if (k->machine.spec)
		machine_free(&k->machine);
	for (size_t i = 0; i < w->nnets; i++)
		if (k->switches[i])
			switch_free(k->switches[i]);
	loop_free(&k->loop);
	free(k->error);
	free(k->state);
	free(k->disks);
}

int making_run(const struct spec *w, size_t index, const char *base, const char *dir, bool rehearse,
	       struct making_result *out)
{
	struct making k = {.loop.epoll = -1, .machine = {.exit.fd = -1, .freezer.fd = -1}, .memory = -1, .rehearse = rehearse};
	cleanup_free char *ram = path_join(dir, ORIGIN_RAM);
	struct err err = {0};

	run(&k, w, index, base, dir, out);
	if (k.saved && ram_keep(k.memory, ram, &err) < 0) {
		out->reason = xstrdup(err.text);
		k.saved = false;
	}
	fd_close(&k.memory);
	return k.saved ? 0 : -1;
}

int making_freeze(const struct spec *w, size_t index, const char *base, const char *image, char **refused,
		  struct making_result *out)
{
	struct making k = {.loop.epoll = -1, .machine = {.exit.fd = -1, .freezer.fd = -1}, .memory = -1, .image = image};

	run(&k, w, index, base, NULL, out);
	fd_close(&k.memory);
	*refused = k.refused;
	return k.saved ? 0 : -1;
}
