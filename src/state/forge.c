/* forge.c - the making of a template, in the process that template.c forks for it */
#include "state/forge.h"

#include <fcntl.h>
#include <stdint.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/store.h"
#include "machine/machine.h"
#include "state/ram.h"
#include "machine/saving.h"

#define CONSOLE_BYTES 16384	/* sent to the world when the boot failed */

struct making {
	struct loop loop;
	struct machine machine;
	struct machine_owner owner;
	struct net_switch *switches[WORLD_NETS_MAX];
	struct saving saving;
	char *state; /* path of the saved state */
	bool saved;
	char *error; /* why the state could not be saved */
};

static void give_up(struct making *k, const char *why)
{
	k->error = xstrdup(why);
	loop_stop(&k->loop);
}

static void saved(void *arg, const char *error)
{
	struct making *k = arg;

	if (error)
		give_up(k, error);
	k->saved = !error;
	loop_stop(&k->loop);
}

/*
 * Ready. It is not stopped first: the state would then say "paused", and every
 * copy would need a `cont`. QEMU stops it itself when it saves, and a stream
 * without memory is saved at once.
 */
static void machine_up(void *arg, struct machine *m)
{
	struct making *k = arg;

	cleanup_fd int fd = open(k->state, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct err err = {0};

	if (fd < 0) {
		store_write_error(&err, k->state);
		give_up(k, err.text);
		return;
	}
	k->saving = (struct saving){.machine = m, .fd = fd, .done = saved, .arg = k};
	saving_start(&k->saving);
}

static void machine_stopped(void *arg, struct machine *m)
{
	struct making *k = arg;

	(void)m;
	loop_stop(&k->loop);
}

static int prepare(struct making *k, const struct world_spec *w, size_t index, const char *base, const char *dir,
		   struct err *err)
{
	struct machine *m = &k->machine;

	if (loop_init(&k->loop, err) < 0)
		return -1;
	k->state = path_join(dir, TEMPLATE_STATE);
	for (size_t i = 0; i < w->nnets; i++)
		k->switches[i] = switch_new(&k->loop);
	k->owner = (struct machine_owner){.up = machine_up, .stopped = machine_stopped, .arg = k};
	machine_init(m, w, index, &k->loop, k->switches, &k->owner);
	if (base) {
		m->copied = true;
		return machine_take_copy(m, base, path_join(dir, TEMPLATE_RAM), err);
	}
	m->forging = true;
	m->memory = (struct machine_memory){.ram = path_join(dir, TEMPLATE_RAM), .shared = true};
	return ram_create(m->memory.ram, m->spec->memory, err);
}

/* What the world has to know when there is no template. */
static void report(struct making *k, bool booted, const struct err *err, struct forge_result *out)
{
	struct machine *m = &k->machine;
	const char *text = buf_str(&m->console.text);

	if (m->state == MACHINE_GONE) {
		out->lost = booted; /* what could not be resumed may still boot */
		out->infra = m->infra;
		out->reason = xstrdup(m->gone);
	} else if (k->error) {
		out->reason = xasprintf("QEMU cannot save this machine: %s", k->error);
	} else {
		out->reason = xstrdup(err->text);
	}
	out->console = xstrdup(text_tail(text, m->console.text.len, SIZE_MAX, CONSOLE_BYTES));
}

int forge_run(const struct world_spec *w, size_t index, const char *base, const char *dir, struct forge_result *out)
{
	struct making k = {0};
	struct err err = {0};
	cleanup_free char *ram = path_join(dir, TEMPLATE_RAM);

	if (prepare(&k, w, index, base, dir, &err) == 0) {
		machine_boot(&k.machine);
		if (k.machine.state != MACHINE_GONE)
			loop_run(&k.loop, &err);
	}
	if (!k.saved)
		report(&k, !base, &err, out);
	machine_free(&k.machine);
	for (size_t i = 0; i < w->nnets; i++)
		switch_free(k.switches[i]);
	loop_free(&k.loop);
	free(k.error);
	free(k.state);
	if (!k.saved)
		return -1;
	ram_dig_holes(ram);
	return 0;
}
