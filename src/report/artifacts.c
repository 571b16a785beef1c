/* artifacts.c - what a person opens after a night */
#include "report/artifacts.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "report/tap.h"
#include "report/timeline.h"

#define INDEX	   "index.html"
#define SLUG_MAX   60 /* bytes of a test's name in its folder's */
#define OWN	   "files" /* what log_dir() of a script gives it */
#define FILES_MAX  (3 + 2 * 64 + TRACE_PICTURES + 1) /* of a test, with the NULL: result, commands, its own, a console and a journal a machine, pictures */
#define OURS	   "<title>vmtap: " /* near the start of our page */
#define LOOK	   600	/* bytes of it that are looked at */

/* ---- files of a test ---- */

/* Append a name as letters, digits and a few signs, SLUG_MAX bytes at most. */
static void add_slug(struct buf *out, const char *name)
{
	size_t start = out->len;

	for (; *name && out->len - start < SLUG_MAX; name++) {
		bool plain = (*name >= '0' && *name <= '9') || (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z');

		if (plain || ((*name == '.' || *name == '_') && out->len > start))
			buf_addc(out, *name);
		else if (out->len > start && out->data[out->len - 1] != '-')
			buf_addc(out, '-');
	}
	while (out->len > start && out->data[out->len - 1] == '-')
		out->data[--out->len] = '\0';
}

void artifacts_format_folder(struct buf *out, size_t number, const char *name)
{
	if (number)
		buf_addf(out, "%03zu-", number);
	else
		buf_adds(out, "setup-");
	add_slug(out, name);
}

void artifacts_format_console(struct buf *out, const struct trace *t, int machine)
{
	for (size_t i = 0; i < t->nevents; i++) {
		const struct trace_event *e = &t->events[i];

		if (e->kind != TRACE_CONSOLE || e->machine != machine)
			continue;
		buf_addc(out, '[');
		timeline_add_time(out, e->at);
		buf_addf(out, "] %s\n", e->text ? e->text : "");
	}
}

void artifacts_format_calls(struct buf *out, const struct trace *t)
{
	for (size_t i = 0; i < t->nevents; i++) {
		const struct trace_event *e = &t->events[i];
		cleanup_buf struct buf clean = {0};

		if (e->kind != TRACE_CALL)
			continue;
		buf_addc(out, '[');
		timeline_add_time(out, e->at);
		text_clean(&clean, e->text ? e->text : "", e->text ? strlen(e->text) : 0);
		buf_addf(out, "] %s: %s: %s", e->place ? e->place : "?", buf_str(&clean), trace_answer_text(e));
		if (e->ended)
			buf_addf(out, ", %s %d", e->signal ? "signal" : "exit status", e->signal ? e->signal : e->status);
		buf_adds(out, ", ");
		timeline_add_time(out, e->length);
		buf_addf(out, " s%s\n", e->culprit ? "  <-- failed" : "");
	}
}

static const char *find_journal(const struct trace *t, int machine)
{
	for (size_t i = 0; i < t->nevents; i++)
		if (t->events[i].kind == TRACE_JOURNAL && t->events[i].machine == machine)
			return t->events[i].text;
	return NULL;
}

/* ---- writing ---- */

static void tell(struct artifacts *a, const char *what)
{
	if (!a->told)
		log_line("the artifacts are not complete: %s", what);
	a->told = true;
}

/* A test's folder and the names of the files that were written there. */
struct writing {
	struct artifacts *artifacts;
	char *path;
	char *names[FILES_MAX];
	size_t count;
};

/* @name is owned from here on. */
static void write_file(struct writing *w, char *name, const struct buf *text)
{
	cleanup_free char *path = path_join(w->path, name), *owned = name;
	struct err err = {0};

	if (!text->len || w->count + 1 >= FILES_MAX || w->artifacts->told)
		return;
	if (file_make_dirs(w->path, &err) < 0 || file_write_atomic(path, text->data, text->len, 0666, &err) < 0)
		tell(w->artifacts, err.text);
	else
		w->names[w->count++] = steal(owned);
}

static void write_machine(struct writing *w, const struct trace *t, int machine)
{
	cleanup_buf struct buf console = {0}, journal = {0};
	const char *text = find_journal(t, machine), *name = t->machines[machine];

	artifacts_format_console(&console, t, machine);
	write_file(w, xasprintf("console-%s.txt", name), &console);
	if (text)
		text_clean(&journal, text, strlen(text));
	write_file(w, xasprintf("journal-%s.txt", name), &journal);
}

/* Each under its name, or with a number when there was one of that name. */
static void write_picture(struct writing *w, const struct trace *t, size_t i)
{
	const struct trace_picture *p = &t->pictures[i];
	const struct buf png = {.data = p->png, .len = p->size};
	cleanup_buf struct buf name = {0};

	add_slug(&name, (size_t)p->machine < t->nmachines ? t->machines[p->machine] : "");
	buf_addc(&name, '-');
	add_slug(&name, p->name);
	for (size_t before = 0; before < i; before++)
		if (t->pictures[before].machine == p->machine && strcmp(t->pictures[before].name, p->name) == 0) {
			buf_addf(&name, "-%zu", i + 1);
			break;
		}
	buf_adds(&name, ".png");
	write_file(w, buf_steal(&name), &png);
}

static void write_files(struct writing *w, size_t number, const struct point *p)
{
	cleanup_buf struct buf result = {0}, calls = {0};

	tap_format_point(&result, number, p, false);
	write_file(w, xstrdup("result.txt"), &result);
	artifacts_format_calls(&calls, p->trace);
	write_file(w, xstrdup("commands.txt"), &calls);
	for (size_t i = 0; i < p->trace->nmachines; i++)
		write_machine(w, p->trace, (int)i);
	for (size_t i = 0; i < p->trace->npictures; i++)
		write_picture(w, p->trace, i);
}

static void write_index(struct artifacts *a, const char *ended)
{
	cleanup_free char *path = path_join(a->dir, INDEX);
	cleanup_buf struct buf out = {0};
	struct err err = {0};

	page_format(&out, &a->page, a->phases, (double)(clock_now() - a->started) / 1e9, a->again, ended);
	if (file_write_atomic(path, out.data, out.len, 0666, &err) < 0)
		tell(a, err.text);
}

static void take(struct artifacts *a, size_t number, const struct point *p)
{
	cleanup_buf struct buf folder = {0};
	struct writing w = {.artifacts = a};
	cleanup_free char *own = NULL;

	artifacts_format_folder(&folder, number, number ? p->name ? p->name : "" : p->script ? p->script : "");
	w.path = path_join(a->dir, buf_str(&folder));
	if (p->trace)
		write_files(&w, number, p);
	own = path_join(w.path, OWN);
	if (w.count + 1 < FILES_MAX && file_is_folder(own))
		w.names[w.count++] = xstrdup(OWN "/");
	page_add(&a->page, number, p, w.count ? buf_str(&folder) : NULL, w.names);
	for (size_t i = 0; i < w.count; i++)
		free(w.names[i]);
	free(w.path);
	if (point_has_failed(p) && a->page.counts[VERDICT_FAILED] <= ARTIFACTS_REWRITES)
		write_index(a, "the run has not come to its end");
}

/* An absolute one: a script's commands may be anywhere. */
char *artifacts_path(const char *dir, size_t number, const char *name)
{
	cleanup_free char *whole = realpath(dir, NULL);
	cleanup_buf struct buf folder = {0};

	artifacts_format_folder(&folder, number, name);
	return xasprintf("%s/%s/" OWN, whole ? whole : dir, buf_str(&folder));
}

/* ---- the reporter ---- */

static struct artifacts *of(struct reporter *r)
{
	return (struct artifacts *)((char *)r - offsetof(struct artifacts, reporter));
}

static int take_point(struct reporter *r, const struct point *p)
{
	take(of(r), ++of(r)->number, p);
	return 0;
}

static void take_setup(struct reporter *r, const struct point *p)
{
	take(of(r), 0, p);
}

static int comment(struct reporter *r, const char *text)
{
	page_add_remark(&of(r)->page, text);
	return 0;
}

static void notice(struct reporter *r, const char *text)
{
	page_add_remark(&of(r)->page, text);
}

static int bail_out(struct reporter *r, const char *reason)
{
	write_index(of(r), reason);
	return 0;
}

static int end(struct reporter *r)
{
	write_index(of(r), NULL);
	return 0;
}

static const struct reporter_ops ops = {
	.point = take_point,
	.setup = take_setup,
	.comment = comment,
	.notice = notice,
	.bail_out = bail_out,
	.end = end,
};

/* ---- an earlier run's ---- */

static bool is_ours(const char *index)
{
	cleanup_buf struct buf text = {0};
	const char *found;

	if (!file_exists(index) || file_read(index, SIZE_MAX / 2, &text, NULL) < 0)
		return false;
	found = strstr(buf_str(&text), OURS);
	return found && found - text.data < LOOK;
}

/* "003-...", "setup-..." */
static bool is_folder_of_test(const char *name)
{
	size_t digits = strspn(name, "0123456789");

	return (digits >= 3 && name[digits] == '-') || text_starts(name, "setup-");
}

static void tidy(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		cleanup_free char *path = path_join(dir, e->d_name), *result = path_join(path, "result.txt");

		if (is_folder_of_test(e->d_name) && file_exists(result))
			file_remove_tree(path);
	}
	if (d)
		closedir(d);
}

int artifacts_open(struct artifacts *a, const char *dir, const struct phases *phases, const char *again, struct err *err)
{
	cleanup_free char *index = path_join(dir, INDEX);
	cleanup_buf struct buf out = {0};

	*a = (struct artifacts){.reporter.ops = &ops, .dir = dir, .phases = phases, .again = again, .started = clock_now()};
	if (is_ours(index))
		tidy(dir);
	page_format(&out, &a->page, phases, 0, NULL, "the run has not come to its end");
	if (file_make_dirs(dir, err) < 0 || file_write_atomic(index, out.data, out.len, 0666, err) < 0)
		return err_wrap(err, "cannot write the artifacts");
	return 0;
}

void artifacts_close(struct artifacts *a)
{
	page_free(&a->page);
}
