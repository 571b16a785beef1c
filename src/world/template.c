/* template.c - booted machines, saved once and copied for every test */
#include "world/template.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "image/store.h"
#include "wire/frame.h"
#include "world/forge.h"

#define RESULT_MAX (1 << 20) /* bytes that a child may send */

static_assert(COMMAND_FD_STATE == 14, "TEMPLATE_URI names it");

struct forge {
	const char *store;
	struct loop *loop;
	struct watch watch;
	pid_t pid;
	struct buf message;
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
static void be_forge(const struct world_spec *w, size_t index, int fd)
{
	struct forge_result r = {0};
	struct order o = {.world = w, .index = index, .result = &r};
	cleanup_buf struct buf message = {0};
	struct err err = {0};

	if (make(&o, &err) < 0 && !r.reason)
		r.reason = xstrdup(err.text);
	encode(&r, &message);
	_exit(fd_write_all(fd, message.data, message.len) < 0);
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

static void finish(struct forge *f)
{
	struct forge_result r = {0};
	void (*done)(void *, struct forge_result *) = f->done;
	void *arg = f->arg;
	int status = 0;

	waitpid(f->pid, &status, 0);
	f->pid = 0;
	if (decode(&f->message, &r) < 0) {
		cleanup_free char *how = proc_status_text(status);

		free(r.reason);
		r.made = r.lost = false;
		r.reason = xasprintf("the process that makes it ended: %s", how);
	}
	template_abandon(f);
	done(arg, &r);
	free(r.reason);
	free(r.console);
}

static void ready(void *arg, uint32_t events)
{
	struct forge *f = arg;
	ssize_t n = read(f->watch.fd, buf_reserve(&f->message, 65536), 65536);

	(void)events;
	if (n < 0 && errno == EINTR)
		return;
	if (n > 0)
		f->message.len += (size_t)n;
	if (n <= 0 || f->message.len > RESULT_MAX)
		finish(f);
}

struct forge *template_forge(const struct world_spec *w, size_t index, struct loop *l,
			     void (*done)(void *arg, struct forge_result *r), void *arg, struct err *err)
{
	struct forge *f = xcalloc(1, sizeof(*f));
	int fds[2];

	*f = (struct forge){.store = w->store, .loop = l, .watch = {.ready = ready, .arg = f}, .done = done, .arg = arg};
	if (pipe2(fds, O_CLOEXEC) < 0) {
		err_errno(err, "cannot create a pipe");
		free(f);
		return NULL;
	}
	f->pid = proc_fork();
	if (f->pid == 0) {
		close(fds[0]);
		be_forge(w, index, fds[1]);
	}
	close(fds[1]);
	if (f->pid < 0)
		err_errno(err, "cannot fork");
	if (f->pid < 0 || loop_watch(l, &f->watch, fds[0], EPOLLIN, err) < 0) {
		close(fds[0]);
		template_abandon(f);
		return NULL;
	}
	return f;
}

void template_abandon(struct forge *f)
{
	if (!f)
		return;
	if (f->watch.active) {
		loop_unwatch(f->loop, &f->watch);
		close(f->watch.fd);
	}
	if (f->pid > 0) {
		kill(f->pid, SIGKILL);
		waitpid(f->pid, NULL, 0);
		store_temp_clean(f->store);
	}
	buf_free(&f->message);
	free(f);
}
