/* template.c - booted machines, saved once and copied for every test */
#include "state/template.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/proc.h"
#include "base/task.h"
#include "store/store.h"
#include "wire/frame.h"
#include "state/forge.h"

#define RESULT_MAX (1 << 20) /* bytes that a child may send */

static_assert(COMMAND_FD_STATE == 14, "TEMPLATE_URI names it");

struct forge {
	const char *store;
	struct task task;
	void (*done)(void *arg, struct forge_result *r);
	void *arg;
};

/* ---- keys ---- */

static bool is_named(const struct world_spec *w)
{
	return w->nmachines <= TEMPLATE_NAMED_MAX;
}

/* What CONFIGURE tells a machine. */
static void add_identity(const struct world_spec *w, size_t index, struct sha256 *key)
{
	const struct machine_spec *m = &w->machines[index];
	cleanup_free char *hosts = spec_hosts(w);

	sha256_add_str(key, m->hostname);
	sha256_add_str(key, hosts);
	sha256_add(key, &index, sizeof(index));
	for (size_t i = 0; i < m->nnets; i++) {
		sha256_add(key, &m->nets[i], sizeof(m->nets[i]));
		sha256_add(key, &w->nets[m->nets[i]].subnet, sizeof(struct subnet));
		sha256_add(key, &w->nets[m->nets[i]].mtu, sizeof(int));
	}
}

static int make_key(const struct world_spec *w, size_t index, bool named, char out[SHA256_HEX], struct err *err)
{
	struct sha256 key;

	sha256_init(&key);
	if (template_add_key(w, index, &key, err) < 0)
		return -1;
	if (named)
		add_identity(w, index, &key);
	sha256_hex(&key, out);
	return 0;
}

static const char *kind(bool named)
{
	return named ? TEMPLATE_NAMED : TEMPLATE_KIND;
}

/* ---- finding ---- */

char *template_find(const struct world_spec *w, size_t index, bool *generic)
{
	bool named = is_named(w);
	char key[SHA256_HEX];
	char *path = NULL;

	*generic = !named;
	if (make_key(w, index, named, key, NULL) < 0)
		return NULL;
	/* Not store_get(): the loop must not wait for one that is being made. */
	return store_find(w->store, kind(named), key, &path) ? path : NULL;
}

void template_discard(const struct world_spec *w, size_t index)
{
	for (int named = 0; named <= 1; named++) {
		char key[SHA256_HEX];

		if (make_key(w, index, named, key, NULL) == 0)
			store_discard(w->store, kind(named), key);
	}
}

/* ---- making ---- */

struct order {
	const struct world_spec *world;
	size_t index;
	char *base; /* folder of the entry without an identity, once it is there */
	struct forge_result *result;
};

static int build(const char *dir, void *arg, struct err *err)
{
	struct order *o = arg;

	if (forge_run(o->world, o->index, o->base, dir, o->result) == 0)
		return 0;
	return err_set(err, "%s", o->result->reason);
}

/* The entry without an identity, and from it the one with. */
static int make(struct order *o, struct err *err)
{
	const struct world_spec *w = o->world;
	cleanup_free char *named = NULL;
	char key[SHA256_HEX];

	if (make_key(w, o->index, false, key, err) < 0 ||
	    store_get(w->store, TEMPLATE_KIND, key, build, o, &o->base, err) < 0)
		return -1;
	if (is_named(w) && (make_key(w, o->index, true, key, err) < 0 ||
			    store_get(w->store, TEMPLATE_NAMED, key, build, o, &named, err) < 0))
		return -1;
	o->result->made = true;
	return 0;
}

static void encode(const struct forge_result *r, struct buf *out)
{
	wire_put_u8(out, r->made);
	wire_put_u8(out, r->lost);
	wire_put_u8(out, r->infra);
	wire_put_str(out, r->reason);
	wire_put_str(out, r->console);
	wire_put_u8(out, 1);
}

/* The child: make the entry, or find that another process just has. */
static void be_forge(const void *order, struct buf *message)
{
	struct order o = *(const struct order *)order;
	struct forge_result r = {0};
	struct err err = {0};

	o.result = &r;
	if (make(&o, &err) < 0 && !r.reason)
		r.reason = xstrdup(err.text);
	encode(&r, message);
}

static int decode(const struct buf *in, struct forge_result *r)
{
	struct wire_reader w = {.p = (const uint8_t *)in->data, .left = in->len};

	r->made = wire_get_u8(&w);
	r->lost = wire_get_u8(&w);
	r->infra = wire_get_u8(&w);
	r->reason = wire_get_str(&w);
	r->console = wire_get_str(&w);
	return w.bad || wire_get_u8(&w) != 1 ? -1 : 0;
}

static void ended(void *arg, const struct buf *message, int status)
{
	struct forge *f = arg;
	struct forge_result r = {0};
	void (*done)(void *, struct forge_result *) = f->done;
	void *done_arg = f->arg;

	if (decode(message, &r) < 0) {
		cleanup_free char *how = proc_status_text(status);

		free(r.reason);
		r.made = r.lost = false;
		r.reason = xasprintf("the process that makes it ended: %s", how);
	}
	template_abandon(f);
	done(done_arg, &r);
	free(r.reason);
	free(r.console);
}

struct forge *template_forge(const struct world_spec *w, size_t index, struct loop *l,
			     void (*done)(void *arg, struct forge_result *r), void *arg, struct err *err)
{
	const struct order order = {.world = w, .index = index};
	struct forge *f = xcalloc(1, sizeof(*f));

	*f = (struct forge){.store = w->store, .done = done, .arg = arg};
	f->task = (struct task){.loop = l, .limit = RESULT_MAX, .ended = ended, .arg = f};
	if (task_start(&f->task, be_forge, &order, err) == 0)
		return f;
	free(f);
	return NULL;
}

void template_abandon(struct forge *f)
{
	bool making = f && f->task.pid > 0;

	if (!f)
		return;
	task_kill(&f->task);
	if (making)
		store_temp_clean(f->store, STORE_DYING_MS);
	free(f);
}
