/* failed.c - what failed when it ran last, for `vmtap run --failed` */
#include "cmd/failed.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "script/script.h"

#define NOTES_MAX  (1 << 20) /* bytes of a script's notes: of more, none count */
#define UNCOMPILED ""	     /* stands for the name of a test when the script had none, as it did not compile */

/* Return: where a script's notes are; the caller frees it. @real is set to the script's path, owned by the caller. */
static char *find_notes(const char *store, const char *script, char **real)
{
	struct sha256 sum;
	char hex[SHA256_HEX];

	*real = realpath(script, NULL);
	if (!*real)
		*real = xstrdup(script);
	sha256_init(&sum);
	sha256_add_str(&sum, *real);
	sha256_hex(&sum, hex);
	return xasprintf("%s/failed/%.32s", store, hex); /* half: a whole one would be the key of an entry */
}

/* The lines of a script's notes without the path; empty when there are none. */
static void read_notes(const char *path, struct buf *out)
{
	size_t first;

	if (file_read(path, NOTES_MAX, out, NULL) < 0)
		buf_free(out);
	first = strcspn(buf_str(out), "\n");
	buf_consume(out, first < out->len ? first + 1 : out->len);
}

/* Return: where the line with this name begins in the notes, or NULL. */
static const char *find_name(const struct buf *notes, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = buf_str(notes); *p; p += strcspn(p, "\n") + 1)
		if (strncmp(p, name, n) == 0 && p[n] == '\n')
			return p;
	return NULL;
}

void failed_read(const char *store, const char *script, struct buf *notes)
{
	cleanup_free char *real = NULL, *path = find_notes(store, script, &real);

	read_notes(path, notes);
}

bool failed_before(const struct buf *notes, const struct plan_test *t)
{
	return find_name(notes, UNCOMPILED) || find_name(notes, t->own_name);
}

/* What a test counts as after a run in which it may have run several times. */
enum note { NOTE_NOTHING, NOTE_PASSED, NOTE_FAILED };

/* Return: by the number of a test in the script @f, what it counts as; the caller frees it. */
static enum note *take_notes(const struct settle *s, const struct plan_file *f)
{
	enum note *notes = xcalloc(script_test_count(f->script) + 1, sizeof(*notes));

	for (size_t i = 0; i < s->told; i++) {
		const struct plan_test *t = &s->plan->tests[i];
		enum note *at = &notes[t->index];

		if (t->file != f || s->waiting[i].skipped || *at == NOTE_FAILED)
			continue;
		*at = s->waiting[i].class == SETTLE_GOOD ? NOTE_PASSED : NOTE_FAILED;
	}
	return notes;
}

/* Append the names that are to be noted of a script: what failed now, or before and was not run now. */
static void list_failed(const struct settle *s, const struct plan_file *f, const struct buf *old, struct buf *out)
{
	bool all = find_name(old, UNCOMPILED);
	enum note *notes;

	if (f->error) {
		if (!find_name(out, UNCOMPILED))
			buf_adds(out, UNCOMPILED "\n");
		return;
	}
	notes = take_notes(s, f);
	for (size_t i = 0; i < script_test_count(f->script); i++) {
		cleanup_free char *name = plan_own_name(f, i);

		if (notes[i] == NOTE_FAILED || (notes[i] == NOTE_NOTHING && (all || find_name(old, name))))
			buf_addf(out, "%s\n", name);
	}
	free(notes);
}

/* The notes of a script, of which the plan has variants from @f on. */
static void keep_file(const char *store, const struct settle *s, const struct plan_file *f)
{
	const struct plan_file *end = s->plan->files + s->plan->nfiles;
	cleanup_free char *real = NULL, *path = find_notes(store, f->path, &real), *dir = path_dir(path);
	cleanup_buf struct buf old = {0}, names = {0}, text = {0};

	read_notes(path, &old);
	for (const struct plan_file *next = f; next < end && strcmp(next->path, f->path) == 0; next++)
		list_failed(s, next, &old, &names);
	if (names.len == 0) {
		if (old.len)
			unlink(path);
		return;
	}
	buf_addf(&text, "%s\n%s", real, buf_str(&names));
	if (file_make_dirs(dir, NULL) == 0)
		file_write_atomic(path, text.data, text.len, 0666, NULL);
}

void failed_keep(const char *store, const struct settle *s)
{
	const struct plan *p = s->plan;

	for (size_t i = 0; i < p->nfiles; i++)
		if (i == 0 || strcmp(p->files[i - 1].path, p->files[i].path) != 0)
			keep_file(store, s, &p->files[i]);
}
