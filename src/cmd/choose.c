/* choose.c - which tests of the scripts are run, how often, and in what order
 *
 * Each step takes the list that the one before has left. A shard is one piece of
 * that list and not every N-th test of it: tests of one script share images,
 * templates and a setup, which each machine of a CI would have to make.
 */
#include "cmd/choose.h"

#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "cmd/failed.h"
#include "script/script.h"

#define SHARDS_MAX 100000
#define SEED_MAX   100000 /* what --seed takes, and --shuffle draws */

/* Keep the tests for which @wanted says so; those whose script does not compile are not asked about. */
static void keep(struct plan *p, bool (*wanted)(const struct plan_test *t, void *arg), void *arg)
{
	size_t n = 0;

	for (size_t i = 0; i < p->ntests; i++) {
		if (p->tests[i].file->error || wanted(&p->tests[i], arg))
			p->tests[n++] = p->tests[i];
		else
			free(p->tests[i].name);
	}
	p->ntests = n;
}

/* ---- by line ---- */

/* Return: the number of the test that line @line of the script is in; -1 when it is above the first. */
static long find_test(const struct plan_file *f, int line)
{
	long found = -1;
	int at = 0;

	for (size_t i = 0; i < script_test_count(f->script); i++) {
		const struct script_test *t = script_test(f->script, i);

		if (strcmp(t->file, f->path) == 0 && t->line <= line && t->line > at) {
			found = (long)i;
			at = t->line;
		}
	}
	return found;
}

static int check_line(const struct plan_file *f, int line, struct err *err)
{
	const int n = script_line_count(f->script);

	if (line > n)
		err_set(err, "%s:%d is behind the end of the script, which has %d line%s", f->path, line, n, n == 1 ? "" : "s");
	else if (find_test(f, line) < 0)
		err_set(err, "%s:%d is in no test", f->path, line);
	else
		return 0;
	return err_hint(err, "a line selects the test that begins there or above; `vmtap check` lists them");
}

static int check_lines(const struct plan *p, struct err *err)
{
	for (size_t i = 0; i < p->nfiles; i++)
		for (size_t k = 0; k < p->files[i].nlines; k++)
			if (!p->files[i].error && check_line(&p->files[i], p->files[i].lines[k], err) < 0)
				return -1;
	return 0;
}

static bool is_at_line(const struct plan_test *t, void *arg)
{
	const struct plan_file *f = t->file;

	(void)arg;
	for (size_t k = 0; k < f->nlines; k++)
		if (find_test(f, f->lines[k]) == (long)t->index)
			return true;
	return f->nlines == 0;
}

/* ---- by name ---- */

static bool matches(const struct plan_test *t, void *regex)
{
	return regexec(regex, t->own_name, 0, NULL, 0) == 0;
}

static int filter(struct plan *p, const char *text, struct err *err)
{
	size_t before = p->ntests;
	regex_t regex;
	int code = regcomp(&regex, text, REG_EXTENDED | REG_NOSUB);

	if (code) {
		char why[200];

		regerror(code, &regex, why, sizeof(why));
		return err_set(err, "bad regular expression '%s': %s", text, why);
	}
	keep(p, matches, &regex);
	regfree(&regex);
	if (p->ntests)
		return 0;
	err_set(err, "none of %zu test%s has a name that matches '%s'", before, before == 1 ? "" : "s", text);
	return err_hint(err, "--list prints their names");
}

/* ---- by what happened ---- */

/* The notes of the script @file; the tests of a script follow each other. */
struct past {
	const char *store;
	const struct plan_file *file;
	struct buf notes;
};

static bool has_failed(const struct plan_test *t, void *arg)
{
	struct past *past = arg;

	if (past->file != t->file) {
		past->file = t->file;
		buf_clear(&past->notes);
		failed_read(past->store, t->file->path, &past->notes);
	}
	return failed_before(&past->notes, t);
}

static void keep_failed(struct plan *p, const char *store)
{
	struct past past = {.store = store};

	keep(p, has_failed, &past);
	buf_free(&past.notes);
}

/* ---- by part ---- */

struct shard {
	long part, of; /* @part from 1 */
};

/*
 * The variables of runners that split a job: GitLab, CircleCI, Buildkite, Semaphore, Azure, Bazel, Slurm's arrays. @first
 * is the first part's number, or @lowest names the variable that has it. A file that @told names is touched: Bazel takes
 * that as the word that the test can be split.
 */
static const struct runner_variable {
	const char *part, *of;
	long first;
	const char *lowest, *told;
} runner_variables[] = {
	{"CI_NODE_INDEX", "CI_NODE_TOTAL", 1, NULL, NULL},
	{"CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0, NULL, NULL},
	{"BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0, NULL, NULL},
	{"SEMAPHORE_JOB_INDEX", "SEMAPHORE_JOB_COUNT", 1, NULL, NULL},
	{"SYSTEM_JOBPOSITIONINPHASE", "SYSTEM_TOTALJOBSINPHASE", 1, NULL, NULL},
	{"TEST_SHARD_INDEX", "TEST_TOTAL_SHARDS", 0, NULL, "TEST_SHARD_STATUS_FILE"},
	{"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", 0, "SLURM_ARRAY_TASK_MIN", NULL},
};

static bool read_number(const char *text, char end, long *n)
{
	char *stop;

	*n = strtol(text, &stop, 10);
	return stop > text && *stop == end && *n >= 0 && *n <= SHARDS_MAX;
}

static bool is_shard(const struct shard *s)
{
	return s->part >= 1 && s->of >= 1 && s->part <= s->of;
}

static long first_of(const struct runner_variable *v)
{
	const char *text = v->lowest ? getenv(v->lowest) : NULL;
	long first = v->first;

	return text && read_number(text, '\0', &first) ? first : v->first;
}

static void touch(const char *path)
{
	cleanup_fd int fd = path && *path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;

	(void)fd;
}

static int shard_of_runner(struct shard *s, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(runner_variables); i++) {
		const struct runner_variable *v = &runner_variables[i];
		const char *part = getenv(v->part), *of = getenv(v->of);

		if (!part || !of)
			continue;
		if (!read_number(part, '\0', &s->part) || !read_number(of, '\0', &s->of))
			return err_set(err, "%s is '%s' and %s is '%s', which are no numbers", v->part, part, v->of, of);
		s->part += 1 - first_of(v);
		touch(v->told ? getenv(v->told) : NULL);
		return is_shard(s) ? 0 : err_set(err, "%s is '%s', which is none of %s parts", v->part, part, of);
	}
	err_set(err, "--shard=auto: the CI's runner does not say which part this is");
	return err_hint(err, "give it as --shard=K/N, or set CI_NODE_INDEX (from 1) and CI_NODE_TOTAL");
}

static int read_shard(const char *text, struct shard *s, struct err *err)
{
	const char *slash = strchr(text, '/');

	if (strcmp(text, "auto") == 0)
		return shard_of_runner(s, err);
	if (slash && read_number(text, '/', &s->part) && read_number(slash + 1, '\0', &s->of) && is_shard(s))
		return 0;
	err_set(err, "option '--shard': '%s' is no part", text);
	return err_hint(err, "write K/N with K from 1 to N, as in --shard=1/4, or auto");
}

static int take_shard(struct plan *p, const char *text, struct err *err)
{
	struct shard s;
	size_t n = p->ntests, first, end;

	if (read_shard(text, &s, err) < 0)
		return -1;
	first = n * (size_t)(s.part - 1) / (size_t)s.of;
	end = n * (size_t)s.part / (size_t)s.of;
	for (size_t i = 0; i < n; i++)
		if (i < first || i >= end)
			free(p->tests[i].name);
	memmove(p->tests, p->tests + first, (end - first) * sizeof(*p->tests));
	p->ntests = end - first;
	return 0;
}

/* ---- how often, in what order ---- */

/* Round after round: what one test leaves behind meets all others. */
static void repeat(struct plan *p, int times)
{
	size_t n = p->ntests;

	p->tests = xrealloc(p->tests, n * (size_t)times * sizeof(*p->tests));
	for (size_t i = n; i < n * (size_t)times; i++) {
		p->tests[i] = p->tests[i - n];
		p->tests[i].name = xasprintf("%s (%zu of %d)", p->tests[i % n].name, i / n + 1, times);
	}
	for (size_t i = 0; i < n; i++) {
		char *name = xasprintf("%s (1 of %d)", p->tests[i].name, times);

		free(p->tests[i].name);
		p->tests[i].name = name;
	}
	p->ntests = n * (size_t)times;
}

/* A number that the state determines (Knuth's generator: good enough for an order, the same everywhere). */
static size_t draw(uint64_t *state, size_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (size_t)((*state >> 33) % below);
}

static void shuffle(struct plan *p, int seed)
{
	uint64_t state = (uint64_t)seed;

	draw(&state, 1);
	for (size_t i = p->ntests; i > 1; i--) {
		size_t k = draw(&state, i);
		struct plan_test t = p->tests[k];

		p->tests[k] = p->tests[i - 1];
		p->tests[i - 1] = t;
	}
}

int choose(struct plan *p, struct choice *c, const char *store, char **remark, struct err *err)
{
	int seed = c->seed ? c->seed : (int)(clock_now() / 1000 % SEED_MAX) + 1;

	*remark = NULL;
	if (check_lines(p, err) < 0)
		return -1;
	keep(p, is_at_line, NULL);
	if (c->filter && filter(p, c->filter, err) < 0)
		return -1;
	if (c->failed)
		keep_failed(p, store);
	if (c->shard && take_shard(p, c->shard, err) < 0)
		return -1;
	if (c->repeat > 1 && p->ntests)
		repeat(p, c->repeat);
	if (c->shuffle || c->seed) {
		shuffle(p, seed);
		c->seed = seed;
		*remark = xasprintf("shuffled: --seed=%d gives this order again", seed);
	}
	return 0;
}
