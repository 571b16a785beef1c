/* cached.c - passes of earlier runs, for `vmtap run --cached`
 *
 * Theory of operation
 *
 * That a test has passed is an entry of the store. Its key is the sum of all
 * that could make the test fail the next time: vmtap itself, the script with
 * what it uses, QEMU, the accelerator, what the machines boot from, the limits
 * of time, and the test. Networks and the fields of machines are in the text of
 * the script. So there is nothing to compare and nothing to go stale: when one
 * of them changes, there is no entry of that key, and the test runs.
 *
 * The part that all tests of a script share is summed once (struct cached_inputs). It
 * is summed again when the accelerator changes in the middle of a run, and the
 * key is taken when a test is started: a pass counts for what it ran on.
 *
 * What the key cannot cover makes a script's results uncacheable, all of them:
 * calls that ask the host (script_uses_host()) and arguments of .qemu, which
 * may name any file. Not seen are QEMU's own data files and libraries, and what
 * a guest reads off its clock.
 *
 * Only passes are kept: a failure is looked into by running it again, and why a
 * test was skipped is seldom in the key.
 */
#include "cmd/cached.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/work.h"
#include "store/store.h"
#include "script/script.h"

#define RESULT_FORMAT "1" /* raise it when a pass that an older vmtap has kept must not count */

/**
 * struct cached_inputs - What the results of all tests of a script depend on
 * @accel:	For which accelerator
 * @sum:	Fed with all of it
 * @why:	Why there is no such sum, or NULL
 */
struct cached_inputs {
	enum accel_kind accel;
	struct sha256 sum;
	char *why;
};

/* ---- the key ---- */

/* Return: what of a script no key can cover, or NULL; the caller frees it. */
static char *find_obstacle(const struct plan_file *f)
{
	const struct spec *w = &f->world;
	const char *word, *file;
	int line;

	if (script_uses_host(f->script, &word, &file, &line))
		return xasprintf("%s:%d uses '%s', whose answer may change", file, line, word);
	if (script_may_interact(f->script))
		return xstrdup("a person may have a hand in it (interact)");
	if (w->nmachines && !w->qemu)
		return xstrdup("no machine can run here");
	for (size_t i = 0; i < w->nmachines; i++) {
		const struct machine_spec *m = &w->machines[i];

		if (m->broken)
			return xasprintf("machine '%s' cannot be booted", m->name);
		if (m->extra)
			return xasprintf("machine '%s' has arguments of .qemu, which may name files", m->name);
	}
	return NULL;
}

static const struct cached_inputs *get_inputs(const struct plan_file *f, struct cached_inputs **at)
{
	struct cached_inputs *in = *at;
	struct err err = {0};

	if (in && in->accel == f->world.accel->kind)
		return in;
	if (!in)
		*at = in = xmalloc(sizeof(*in));
	/* An earlier @why is not freed: keys of tests under way have it. The accelerator changes once a run at most. */
	*in = (struct cached_inputs){.accel = f->world.accel->kind, .why = find_obstacle(f)};
	sha256_init(&in->sum);
	sha256_add_str(&in->sum, RESULT_FORMAT);
	if (!in->why && work_add_key(f, &in->sum, &err) < 0)
		in->why = xstrndup(err.text, strcspn(err.text, "\n"));
	return in;
}

void cached_name(const struct plan_test *t, struct cached_inputs **inputs, struct cached_key *key)
{
	const struct cached_inputs *in = get_inputs(t->file, inputs);
	const struct spec *w = &t->file->world;
	struct sha256 sum = in->sum;
	char own[160];

	*key = (struct cached_key){.why = in->why};
	if (in->why)
		return;
	snprintf(own, sizeof(own), "%zu %d %g %g %g", t->index, w->cold, w->boot_timeout, w->call_timeout,
		 w->test_timeout);
	sha256_add_str(&sum, own);
	sha256_add_str(&sum, t->own_name);
	sha256_hex(&sum, key->hex);
}

/* ---- the entries ---- */

static int write_time(const char *dir, void *arg, struct err *err)
{
	time_t now = time(NULL);
	char text[CACHED_WHEN];
	struct tm tm;

	(void)arg;
	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm);
	return store_write_file(dir, CACHED_FILE, text, strlen(text), err);
}

static bool read_time(const char *dir, char when[CACHED_WHEN])
{
	cleanup_free char *path = path_join(dir, CACHED_FILE);
	cleanup_buf struct buf text = {0};

	if (file_read(path, CACHED_WHEN - 1, &text, NULL) < 0)
		return false;
	snprintf(when, CACHED_WHEN, "%s", buf_str(&text));
	return true;
}

bool cached_find(const struct plan_test *t, const struct cached_key *key, char when[CACHED_WHEN])
{
	cleanup_free char *path = NULL;
	bool found;

	if (!key->hex[0] || !store_find(t->file->world.store, CACHED_KIND, key->hex, &path))
		return false;
	found = read_time(path, when);
	store_release(path);
	return found;
}

int cached_keep(const struct plan_test *t, const struct cached_key *key, struct err *err)
{
	cleanup_free char *path = NULL;

	if (!key->hex[0])
		return 0;
	if (store_get(t->file->world.store, CACHED_KIND, key->hex, write_time, NULL, &path, err) < 0)
		return -1;
	store_release(path);
	return 0;
}
