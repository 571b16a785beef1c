/* life.c - one machine of a world: where its life begins, each time that it is started */
#include "state/life.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "machine/disks.h"
#include "state/bases.h"
#include "state/changes.h"
#include "state/checkpoint.h"
#include "state/layer.h"
#include "state/ram.h"
#include "state/template.h"

#define GO_ON_MS 2  /* between tries to let a machine go on that was saved ... */
#define GO_ON_S	 10 /* ... for so long, scaled */

/* ---- beginnings ---- */

/* Tell the owner; @making says whether it is the origin that is being made. */
static void tell_began(struct life *l)
{
	if (l->owner.began)
		l->owner.began(l->owner.arg, l->machine);
}

static void begin(struct life *l, enum origin o, struct machine_origin from)
{
	l->origin = o;
	tell_began(l);
	machine_start(l->machine, from);
}

/* Return: the disk that the machine changes its root on, which the caller frees, or NULL with @err. */
static char *changes_of(struct life *l, struct err *err)
{
	if (l->world->save_to)
		return layer_path(l->world->save_to, l->machine->spec->name, CHANGES);
	if (l->changes < 0)
		l->changes = changes_open(l->world->store, err);
	return l->changes < 0 ? NULL : changes_path(l->changes);
}

/* Begin that disk: as a copy of the file @from, or for NULL empty. Return: 0, or -1. */
static int begin_changes(struct life *l, const char *from, struct machine_origin *o, struct err *err)
{
	const struct machine_spec *m = l->machine->spec;

	if (!m->changes)
		return 0;
	l->lived = false;
	o->changes = changes_of(l, err);
	return o->changes ? changes_begin(o->changes, from, m->changes, err) : -1;
}

/* The machine has nothing to write to. */
static void fail_without_changes(struct life *l, struct machine_origin *o, const struct err *err)
{
	machine_origin_free(o);
	l->machine->used = true;
	machine_fail(l->machine, LOSS_HOST, xasprintf("cannot make the disk for the root of '%s': %s", l->machine->spec->name, err->text));
}

static void boot(struct life *l)
{
	struct machine_origin from = {.identity = origin_rules[ORIGIN_BOOT].identity};
	struct err err = {0};

	if (begin_changes(l, NULL, &from, &err) == 0)
		begin(l, ORIGIN_BOOT, from);
	else
		fail_without_changes(l, &from, &err);
}

/* In a world whose machines are going to be saved it needs its memory in a file. */
static int begin_memory(struct life *l, struct machine_origin *from, struct err *err)
{
	const struct machine_spec *m = l->machine->spec;

	if (!l->world->save_to)
		return 0;
	from->kept = true;
	from->ram = layer_path(l->world->save_to, m->name, "ram");
	return ram_create(from->ram, m->memory, err);
}

/* From the root that it has changed: its disk, as it is, or as @changes has it. */
static void boot_again(struct life *l, const char *changes)
{
	struct machine_origin from = {.identity = origin_rules[ORIGIN_BOOT].identity, .again = true};
	struct err err = {0};
	int r = 0;

	if (changes)
		r = begin_changes(l, changes, &from, &err);
	else
		from.changes = changes_of(l, &err);
	if (r == 0 && from.changes && begin_memory(l, &from, &err) == 0)
		begin(l, ORIGIN_BOOT, from);
	else
		fail_without_changes(l, &from, &err);
}

/*
 * From a template: a private copy of its memory. In a world whose machines are
 * going to be saved the copy is a file, and no boot can take its place: the
 * runner knows what to do without.
 */
static void copy(struct life *l, const char *dir, bool generic)
{
	enum origin o = generic ? ORIGIN_GENERIC : ORIGIN_NAMED;
	const char *name = l->machine->spec->name;
	char *ram = l->world->save_to ? layer_path(l->world->save_to, name, "ram") : NULL;
	cleanup_free char *changes = path_join(dir, CHANGES);
	struct machine_origin from;
	struct err err = {0};

	fd_close(&l->ram_copy); /* of its last life */
	if (origin_copy(o, l->machine->spec, dir, ram, &from, &l->ram_copy, &err) == 0 && begin_changes(l, changes, &from, &err) == 0) {
		begin(l, o, from);
		return;
	}
	machine_origin_free(&from);
	machine_fail(l->machine, LOSS_HOST, xasprintf("cannot copy what was saved of '%s': %s", name, err.text));
}

static void thaw(struct life *l, enum origin o, struct machine_origin from)
{
	from.identity = origin_rules[o].identity;
	begin(l, o, from);
}

/* The best that there is of a template. Return: false when there may be something better, which is worth waiting for. */
static bool begin_as_copy(struct life *l, const char *dir, bool generic, bool final)
{
	struct machine_origin from = {0};
	enum frozen f = l->no_frozen ? FROZEN_REFUSED : FROZEN_ABSENT;

	if (f == FROZEN_ABSENT && template_is_finished(l->world, generic))
		f = template_frozen(l->world, l->machine->index, &from);
	l->unfinished |= f == FROZEN_ABSENT;
	if (f == FROZEN_THERE)
		thaw(l, generic ? ORIGIN_FROZEN_GENERIC : ORIGIN_FROZEN_NAMED, from);
	else if (f == FROZEN_REFUSED || final)
		copy(l, dir, generic);
	else
		return false;
	return true;
}

/* The child process that makes the template has ended. */
static void made(void *arg, struct making_result *r)
{
	struct life *l = arg;
	struct machine *m = l->machine;
	bool generic;
	cleanup_free char *dir = r->made ? template_find(l->world, m->index, &generic) : NULL;

	l->making = NULL;
	if (r->loss != LOSS_NONE) {
		console_feed(&m->console, r->console, strlen(r->console));
		machine_fail(m, r->loss, xstrdup(r->reason));
	} else if (dir) {
		(void)begin_as_copy(l, dir, generic, true);
	} else {
		l->no_template = xasprintf("no template, so this machine boots: %s",
					   r->made ? "it is gone from the cache" : r->reason);
		boot(l);
	}
}

static void make_template(struct life *l)
{
	struct machine *m = l->machine;
	struct err err = {0};

	machine_expect(m);
	l->making = template_make(l->world, m->index, m->loop, made, l, &err);
	if (l->making)
		tell_began(l);
	else
		machine_fail(m, LOSS_HOST, xasprintf("cannot prepare '%s': %s", m->spec->name, err.text));
}

/* @image: as setup left it frozen. What it is based on is gone: the runner, which is told, has the setup run again. */
static void thaw_layer(struct life *l, char *image)
{
	struct machine_origin from = {.frozen = image};
	struct err err = {0};

	if (bases_find(l->world->store, image, from.bases, &err) == 0) {
		thaw(l, ORIGIN_LAYER, from);
		return;
	}
	machine_origin_free(&from);
	l->origin = ORIGIN_LAYER;
	l->machine->used = true;
	machine_fail(l->machine, LOSS_STATE, xstrdup(err.text));
}

/* What setup left of this machine, once. */
static bool begin_with_layer(struct life *l)
{
	const char *name = l->machine->spec->name, *dir = l->world->layer;
	struct machine_origin from = {.identity = origin_rules[ORIGIN_LAYER].identity};
	cleanup_free char *frozen = dir ? layer_path(dir, name, "frozen") : NULL, *ram = NULL, *changes = NULL, *disk = NULL;
	struct err err = {0};

	if (l->layer_used || !layer_has(dir, name))
		return false;
	l->layer_used = true;
	if (file_exists(frozen)) {
		thaw_layer(l, steal(frozen));
		return true;
	}
	ram = layer_path(dir, name, "ram");
	from.state = layer_path(dir, name, "state");
	disk = layer_path(dir, name, LAYER_DISK);
	disks_begin_with(l->machine->spec, disk, &from);
	from.kept = l->world->save_to != NULL;
	from.ram = from.kept ? layer_path(l->world->save_to, name, "ram") : xstrdup(ram);
	changes = layer_path(dir, name, CHANGES);
	if ((!from.kept || ram_copy(ram, from.ram, &err) == 0) && begin_changes(l, changes, &from, &err) == 0) {
		begin(l, ORIGIN_LAYER, from);
		return true;
	}
	machine_origin_free(&from);
	machine_fail(l->machine, LOSS_HOST, xasprintf("cannot copy what was saved of '%s': %s", name, err.text));
	return true;
}

/* What setup left of a machine that is off, and whose root is kept. */
static bool begin_with_root(struct life *l)
{
	cleanup_free char *changes = NULL;

	if (!l->machine->spec->keep || !l->world->layer)
		return false;
	changes = layer_path(l->world->layer, l->machine->spec->name, CHANGES);
	if (!file_exists(changes))
		return false;
	boot_again(l, changes);
	return true;
}

void life_start(struct life *l)
{
	struct machine *m = l->machine;
	cleanup_free char *dir = NULL;
	bool generic;

	if (m->spec->broken) {
		m->used = true;
		machine_fail(m, LOSS_HOST, xstrdup(m->spec->broken));
	} else if (!l->world->qemu) {
		m->used = true;
		machine_fail(m, LOSS_HOST, xstrdup(l->world->qemu_missing));
	} else if (begin_with_layer(l)) {
		return;
	} else if (m->spec->keep && l->lived) {
		boot_again(l, NULL);
	} else if (begin_with_root(l)) {
		return;
	} else if (l->world->cold || m->spec->cold || l->no_template) {
		boot(l);
	} else {
		dir = template_find(l->world, m->index, &generic);
		if (!dir || !begin_as_copy(l, dir, generic, l->world->finish_later))
			make_template(l);
	}
}

/* ---- what the machine tells ---- */

static void came_up(void *arg, struct machine *m)
{
	struct life *l = arg;

	l->lived = true;
	l->owner.up(l->owner.arg, m);
}

static void said(void *arg, const struct machine *m, const char *line)
{
	struct life *l = arg;

	if (l->owner.said)
		l->owner.said(l->owner.arg, m, line);
}

static void heard(void *arg, struct machine *m)
{
	struct life *l = arg;

	if (l->owner.heard)
		l->owner.heard(l->owner.arg, m);
}

/* Its template is still there. */
static void step_back(struct life *l, char *why)
{
	struct machine *m = l->machine;

	if (m->loss == LOSS_STATE) {
		template_discard_frozen(l->world, m->index);
		l->unfinished = true;
	}
	log_verbose("%s, so its template is copied", why);
	l->no_frozen = why;
	machine_reset(m);
	life_start(l);
}

/* QEMU cannot resume from the origin. Return: whether another one has been taken. */
static bool take_another(struct life *l)
{
	const struct origin_rule *rule = &origin_rules[l->origin];
	struct machine *m = l->machine;
	char *why = origin_failure_text(l->origin, m->spec->name, m->gone);

	if (rule->failure == ORIGIN_STEPS_BACK) {
		step_back(l, why);
		return true;
	}
	if (rule->failure != ORIGIN_FALLS_BACK || m->origin.kept) {
		l->layer_failed = rule->failure == ORIGIN_TELLS;
		free(m->gone);
		m->gone = why;
		return false;
	}
	if (m->loss == LOSS_STATE)
		template_discard(l->world, m->index);
	l->no_template = xasprintf("its template cannot be resumed, so it boots: %s", m->gone);
	free(why);
	machine_reset(m);
	boot(l);
	return true;
}

/* The QEMU that was saved is no more. */
static void drop_save(struct life *l)
{
	checkpoint_drop(&l->pending);
	loop_timer(l->machine->loop, &l->go_on, CLOCK_NEVER);
	saving_abandon(&l->saving);
}

static void stopped(void *arg, struct machine *m)
{
	struct life *l = arg;

	template_cancel(l->making);
	l->making = NULL;
	drop_save(l);
	if ((m->loss == LOSS_STATE || m->loss == LOSS_STATE_UNREAD) && take_another(l))
		return;
	l->owner.stopped(l->owner.arg, m);
	if (m->state == MACHINE_OFF && m->rebooted)
		life_start(l);
}

/* ---- checkpoints ---- */

/* What is pending is done, and the machine runs on. */
static void settle(struct life *l)
{
	const char *why = checkpoint_error(l->pending);
	cleanup_free char *kept = why ? xstrdup(why) : NULL;

	checkpoint_settle(&l->pending, &l->checkpoints);
	if (l->saved)
		l->saved(l->saved_arg, kept);
}

/*
 * QEMU says "completed" a moment before it is done: until then it refuses to go
 * on ("Migration is not finalized yet"), and no event tells when it would not.
 */
static void went_on(void *arg, const struct json *reply, const char *error)
{
	struct life *l = arg;

	(void)reply;
	if (!l->pending)
		return; /* abandoned */
	if (error && clock_now() < l->go_on_until) {
		loop_timer(l->machine->loop, &l->go_on, clock_now() + GO_ON_MS * NS_PER_MS);
	} else if (error) {
		machine_fail(l->machine, LOSS_QEMU,
			     xasprintf("QEMU of '%s' does not let it go on after it was saved: %s",
				       l->machine->spec->name, error));
	} else {
		settle(l);
	}
}

static void try_to_go_on(void *arg)
{
	struct life *l = arg;

	qmp_send(&l->machine->qmp, "cont", NULL, went_on, l);
}

/* QEMU has stopped the machine to save it. */
static void state_saved(void *arg, const char *error)
{
	struct life *l = arg;
	const char *changes = l->machine->origin.changes;
	struct err err = {0};

	if (!error && changes && checkpoint_keep_changes(l->pending, l->world->store, changes, &err) < 0)
		error = err.text;
	if (!error && checkpoint_keep_disks(l->pending, l->machine, &err) < 0)
		error = err.text;
	checkpoint_set_error(l->pending, error);
	l->go_on_until = clock_now() + (uint64_t)(GO_ON_S * l->world->accel->slow * 1e9);
	try_to_go_on(l);
}

/* A machine that was thawed is frozen again, and runs on by itself. */
static void frozen(void *arg, const char *error)
{
	struct life *l = arg;

	if (!l->pending)
		return;
	checkpoint_set_error(l->pending, error);
	settle(l);
}

static void freeze(struct life *l, int fd)
{
	const char *bases[COMMAND_BASES_MAX];
	struct err err = {0};

	freezing_bases(l->machine, bases);
	checkpoint_set_bases(l->pending, bases);
	l->freezing = (struct freezing){.machine = l->machine, .fd = fd, .done = frozen, .arg = l};
	if (freezing_start(&l->freezing, &err) < 0)
		frozen(l, err.text);
}

void life_save(struct life *l, const char *name, void (*done)(void *arg, const char *error), void *arg)
{
	struct machine *m = l->machine;
	int fd;

	if (l->pending) {
		done(arg, "it is being saved already");
		return;
	}
	l->pending = checkpoint_new(l->world->store, name);
	fd = checkpoint_fd(l->pending);
	if (fd < 0) {
		int code = errno;

		checkpoint_drop(&l->pending);
		done(arg, strerror(code));
		return;
	}
	l->saved = done;
	l->saved_arg = arg;
	if (m->origin.frozen) {
		freeze(l, fd);
		return;
	}
	l->saving = (struct saving){.machine = m, .whole = true, .fd = fd, .done = state_saved, .arg = l};
	saving_start(&l->saving);
}

void life_forget_save(struct life *l, const void *arg)
{
	if (l->saved_arg == arg)
		l->saved = NULL;
}

void life_abandon_save(struct life *l, char *why)
{
	machine_fail(l->machine, LOSS_QEMU, why); /* which drops what is pending, too */
}

bool life_restore(struct life *l, const char *name)
{
	struct machine *m = l->machine;
	struct machine_origin from = m->origin, frozen = {0};
	const struct checkpoint *c = checkpoint_find(l->checkpoints, name);
	cleanup_free char *changes = NULL;
	struct err err = {0};

	if (!c)
		return false;
	drop_save(l);
	if (checkpoint_origin(c, &frozen)) {
		machine_reset(m);
		thaw(l, ORIGIN_CHECKPOINT, frozen);
		return true;
	}
	from = (struct machine_origin){.ram = from.ram ? xstrdup(from.ram) : NULL, .kept = from.kept, .freezer = from.freezer};
	changes = checkpoint_changes(c);
	from.state = checkpoint_path(c);
	checkpoint_begin_with_disks(c, &from);
	from.whole = true;
	from.identity = origin_rules[ORIGIN_CHECKPOINT].identity;
	machine_reset(m);
	if (begin_changes(l, changes, &from, &err) == 0)
		begin(l, ORIGIN_CHECKPOINT, from);
	else
		fail_without_changes(l, &from, &err);
	return true;
}

/* ---- life ---- */

void life_init(struct life *l, struct machine *machine, const struct machine_owner *owner)
{
	*l = (struct life){
		.machine = machine,
		.world = machine->world,
		.owner = *owner,
		.saving.machine = machine,
		.ram_copy = -1,
		.changes = -1,
		.saving.copy = -1,
		.go_on = {.expired = try_to_go_on, .arg = l},
	};
	machine->owner = (struct machine_owner){.up = came_up, .stopped = stopped, .said = said, .heard = heard, .arg = l};
}

void life_free(struct life *l)
{
	template_cancel(l->making);
	checkpoint_drop(&l->pending);
	checkpoint_free_all(&l->checkpoints);
	fd_close(&l->ram_copy);
	fd_close(&l->changes);
	free(l->no_frozen);
	free(l->no_template);
}
