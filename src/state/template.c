/* template.c - booted machines, saved once and copied for every test */
#include "state/template.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/task.h"
#include "store/store.h"
#include "wire/frame.h"

#define RESULT_MAX (1 << 20) /* bytes that a child may send */

struct template_task {
	const char *store;
	struct task task;
	void (*done)(void *arg, struct making_result *r);
	void *arg;
};

/* ---- keys ---- */

static bool is_named(const struct spec *w)
{
	return w->nmachines <= TEMPLATE_NAMED_MAX;
}

/* What CONFIGURE tells a machine. */
static void add_identity(const struct spec *w, size_t index, struct sha256 *key)
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

static int make_key(const struct spec *w, size_t index, bool named, char out[SHA256_HEX], struct err *err)
{
	struct sha256 key;

	sha256_init(&key);
	if (template_add_key(w, index, &key, err) < 0)
		return -1;
	if (named)
		add_identity(w, index, &key);
	else if (!is_named(w)) /* the only one: made with a rehearsal */
		sha256_add_str(&key, "rehearsed");
	sha256_hex(&key, out);
	return 0;
}

static const char *kind(bool named)
{
	return named ? TEMPLATE_NAMED : TEMPLATE_KIND;
}

/* ---- finding ---- */

/* Not store_get(): the loop must not wait for one that is being made. */
static char *find(const struct spec *w, size_t index, bool named)
{
	char key[SHA256_HEX];
	char *path = NULL;

	if (make_key(w, index, named, key, NULL) < 0)
		return NULL;
	return store_find(w->store, kind(named), key, &path) ? path : NULL;
}

char *template_find(const struct spec *w, size_t index, bool *generic)
{
	char *path = is_named(w) ? find(w, index, true) : NULL;

	*generic = !path;
	return path || (is_named(w) && !w->finish_later) ? path : find(w, index, false);
}

bool template_is_finished(const struct spec *w, bool generic)
{
	return !generic || !is_named(w);
}

enum frozen template_frozen(const struct spec *w, size_t index, struct machine_origin *from)
{
	char key[SHA256_HEX];

	if (!frozen_wanted(w, index) || make_key(w, index, is_named(w), key, NULL) < 0)
		return FROZEN_REFUSED;
	return frozen_find(w, index, key, from);
}

void template_discard_frozen(const struct spec *w, size_t index)
{
	char key[SHA256_HEX];

	if (make_key(w, index, is_named(w), key, NULL) == 0)
		frozen_discard(w, index, key);
}

void template_discard(const struct spec *w, size_t index)
{
	for (int named = 0; named <= 1; named++) {
		char key[SHA256_HEX];

		if (make_key(w, index, named, key, NULL) == 0)
			store_discard(w->store, kind(named), key);
	}
}

/* ---- making ---- */

struct order {
	const struct spec *world;
	size_t index;
	char *base; /* folder of the entry without an identity, once it is there */
	struct making_result *result;
};

static int build(const char *dir, void *arg, struct err *err)
{
	struct order *o = arg;

	if (making_run(o->world, o->index, o->base, dir, o->base || !is_named(o->world), o->result) == 0)
		return 0;
	return err_set(err, "%s", o->result->reason);
}

/* @key: of the template in the folder @dir. What cannot be frozen is copied from there, always. */
static void freeze(const struct spec *w, size_t index, const char *key, const char *dir)
{
	struct err why = {0};

	if (frozen_wanted(w, index) && frozen_make(w, index, key, dir, &why) < 0)
		log_verbose("%s: it cannot be frozen, so its template is copied: %s", w->machines[index].name, why.text);
}

/* From the entry without an identity the one with, and that frozen. */
static int finish(struct order *o, struct err *err)
{
	const struct spec *w = o->world;
	cleanup_free char *named = NULL;
	char key[SHA256_HEX];

	if (make_key(w, o->index, is_named(w), key, err) < 0 ||
	    (is_named(w) && store_get(w->store, TEMPLATE_NAMED, key, build, o, &named, err) < 0))
		return -1;
	freeze(w, o->index, key, named ? named : o->base);
	return 0;
}

void template_finish(const struct spec *w, size_t index)
{
	struct making_result r = {0};
	struct order o = {.world = w, .index = index, .result = &r, .base = find(w, index, false)};
	struct err why = {0};

	if (o.base && finish(&o, &why) < 0)
		log_verbose("%s: its template gets no identity: %s", w->machines[index].name, why.text);
	free(o.base);
	free(r.reason);
	free(r.console);
}

/* The entry without an identity, and what is made from it unless that is left to others. */
static int make(struct order *o, struct err *err)
{
	const struct spec *w = o->world;
	char key[SHA256_HEX];

	if (make_key(w, o->index, false, key, err) < 0 ||
	    store_get(w->store, TEMPLATE_KIND, key, build, o, &o->base, err) < 0 || (!w->finish_later && finish(o, err) < 0))
		return -1;
	o->result->made = true;
	return 0;
}

static void encode(const struct making_result *r, struct buf *out)
{
	wire_put_u8(out, r->made);
	wire_put_u8(out, (uint8_t)r->loss);
	wire_put_str(out, r->reason);
	wire_put_str(out, r->console);
	wire_put_u8(out, 1);
}

/* The child: make the entry, or find that another process just has. */
static void be_maker(const void *order, struct buf *message)
{
	struct order o = *(const struct order *)order;
	struct making_result r = {0};
	struct err err = {0};

	o.result = &r;
	if (make(&o, &err) < 0 && !r.reason)
		r.reason = xstrdup(err.text);
	encode(&r, message);
}

static int decode(const struct buf *in, struct making_result *r)
{
	struct wire_reader w = {.p = (const uint8_t *)in->data, .left = in->len};

	r->made = wire_get_u8(&w);
	r->loss = wire_get_u8(&w);
	r->reason = wire_get_str(&w);
	r->console = wire_get_str(&w);
	return w.bad || wire_get_u8(&w) != 1 ? -1 : 0;
}

static void ended(void *arg, const struct buf *message, int status)
{
	struct template_task *t = arg;
	struct making_result r = {0};
	void (*done)(void *, struct making_result *) = t->done;
	void *done_arg = t->arg;

	if (decode(message, &r) < 0) {
		cleanup_free char *how = proc_status_text(status);

		free(r.reason);
		r.made = false;
		r.loss = LOSS_NONE;
		r.reason = xasprintf("the process that makes it ended: %s", how);
	}
	template_cancel(t);
	done(done_arg, &r);
	free(r.reason);
	free(r.console);
}

struct template_task *template_make(const struct spec *w, size_t index, struct loop *l,
				    void (*done)(void *arg, struct making_result *r), void *arg, struct err *err)
{
	const struct order order = {.world = w, .index = index};
	struct template_task *t = xcalloc(1, sizeof(*t));

	*t = (struct template_task){.store = w->store, .done = done, .arg = arg};
	t->task = (struct task){.loop = l, .limit = RESULT_MAX, .ended = ended, .arg = t};
	if (task_start(&t->task, be_maker, &order, err) == 0)
		return t;
	free(t);
	return NULL;
}

void template_cancel(struct template_task *t)
{
	bool making = t && t->task.pid > 0;

	if (!t)
		return;
	task_kill(&t->task);
	if (making)
		store_temp_clean(t->store, STORE_DYING_MS);
	free(t);
}
