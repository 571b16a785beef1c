/* cache.c - `vmtap cache`: see what is kept, make it small, carry it elsewhere */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/cached.h"
#include "cmd/cmd.h"
#include "cmd/settings.h"
#include "image/bundle.h"
#include "state/layer.h"
#include "state/template.h"
#include "store/entry.h"
#include "store/list.h"
#include "store/pack.h"

#define KEY_SHOWN 12 /* digits of a key: enough to tell entries apart */
#define MB	  1000000

/**
 * struct cache_call - One `vmtap cache ...`
 * @operands:	Behind the verb, NULL-terminated
 */
struct cache_call {
	const char *max;
	int all, check;
	const char *root;
	uint64_t limit;
	char **operands;
};

const struct option cmd_cache_options[] = {
	{"max", 0, OPTION_TEXT, "MB", offsetof(struct cache_call, max), "prune: to this size, instead of VMTAP_CACHE_MAX"},
	{"all", 0, OPTION_FLAG, NULL, offsetof(struct cache_call, all), "prune: everything that is not in use"},
	{"check", 0, OPTION_FLAG, NULL, offsetof(struct cache_call, check),
	 "list, prune: read all files and compare their sums"},
	{0},
};

static int wrong(const char *why)
{
	return cmd_wrong("cache", why);
}

static enum store_check check_of(const struct cache_call *c)
{
	return c->check ? STORE_CHECK_ALL : STORE_CHECK_FACTS;
}

/* ---- list ---- */

/* A clock that jumped back makes uses of the future: they were just now. */
static void age_text(char out[24], int64_t used)
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = {{"days", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
	int64_t age = ((int64_t)clock_wall() - used) / (int64_t)NS_PER_S;

	snprintf(out, 24, "now");
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (age >= 2 * units[i].seconds) {
			snprintf(out, 24, "%lld %s ago", (long long)(age / units[i].seconds), units[i].name);
			return;
		}
	}
}

static void print_item(const struct store_item *item)
{
	char age[24] = "-";

	if (item->sound)
		age_text(age, item->used);
	printf("%-12s %.*s %10.1f %10.1f  %-14s %s\n", item->kind, KEY_SHOWN, item->key, (double)item->disk / MB,
	       (double)item->size / MB, age, !item->sound ? "damaged" : item->busy ? "in use" : "-");
}

/* Most recently used first, for the eye; the list has it the other way round. */
static int cache_list(const struct cache_call *c)
{
	cleanup_store_list struct store_list l = {0};
	struct err err = {0};
	uint64_t disk = 0;
	bool damaged = false;

	if (store_list(c->root, check_of(c), &l, &err) < 0)
		return cmd_failed(&err);
	printf("%-12s %-*s %10s %10s  %-14s %s\n", "KIND", KEY_SHOWN, "KEY", "DISK MB", "SIZE MB", "LAST USE", "STATE");
	for (size_t i = l.count; i-- > 0; disk += l.items[i].disk) {
		print_item(&l.items[i]);
		damaged |= !l.items[i].sound;
	}
	printf("%zu entries, %.1f MB of at most %.0f MB in '%s'\n", l.count, (double)disk / MB, (double)c->limit / MB,
	       c->root);
	return c->check && damaged ? EXIT_FAILED : EXIT_PASSED;
}

/* ---- prune ---- */

static int cache_prune(const struct cache_call *c)
{
	struct store_pruned p = {0};
	struct err err = {0};
	uint64_t limit = c->limit;

	if (c->max && store_parse_mb(c->max, &limit) < 0) {
		log_line("option '--max': '%s' is not a number of MB", c->max);
		return EXIT_WRONG;
	}
	if (access(c->root, F_OK) == 0 && store_prune(c->root, c->all ? 0 : limit, check_of(c), &p, &err) < 0)
		return cmd_failed(&err);
	printf("removed %zu entries, %.1f MB; %.1f MB remain", p.removed, (double)p.freed / MB, (double)p.left / MB);
	if (p.busy)
		printf(" (%zu in use)", p.busy);
	puts("");
	if (!p.stuck)
		return EXIT_PASSED;
	log_line("cannot remove %zu entries of '%s'\nis the folder yours, and can it be written?", p.stuck, c->root);
	return EXIT_INFRA;
}

/* ---- export and import ---- */

/* What vmtap keeps; other kinds may be there, of another vmtap. */
static const char *const kinds[] = {"root",	    "modules",	    "kernel",	"initrd",	"seed",	"front",
				    TEMPLATE_KIND, TEMPLATE_NAMED, LAYER_KIND, CACHED_KIND, FROZEN_KIND, BUNDLE_KIND, NULL};

/* What is exported unless it is asked for: all but what no other host, and no other folder, has a use for. */
static const size_t portable = ARRAY_SIZE(kinds) - 3;

static int unknown_kind(const char *kind)
{
	const char *near = text_nearest(kind, kinds);
	cleanup_buf struct buf all = {0};

	for (const char *const *k = kinds; *k; k++)
		buf_addf(&all, "%s%s", all.len ? ", " : "", *k);
	log_line("there is no kind '%s'", kind);
	if (near)
		log_line("did you mean '%s'?", near);
	else
		log_line("kinds are %s", buf_str(&all));
	return EXIT_WRONG;
}

static bool is_kind(const char *root, const char *kind)
{
	cleanup_free char *folder = path_join(root, kind);

	for (const char *const *k = kinds; *k; k++)
		if (strcmp(*k, kind) == 0)
			return true;
	return file_is_folder(folder);
}

static int cache_export(const struct cache_call *c)
{
	struct pack_report report;
	struct err err = {0};
	const char *path = c->operands[0];
	char *all[ARRAY_SIZE(kinds)] = {NULL};

	for (size_t i = 0; i < portable; i++)
		all[i] = (char *)kinds[i];
	for (char **kind = c->operands + 1; *kind; kind++)
		if (!store_is_name(*kind))
			return wrong("a kind is a word as `vmtap cache list` shows it");
		else if (!is_kind(c->root, *kind))
			return unknown_kind(*kind);
	if (strcmp(path, "-") == 0 && isatty(STDOUT_FILENO))
		return wrong("stdout is a terminal: name a file");
	if (store_export(c->root, path, c->operands[1] ? c->operands + 1 : all, &report, &err) < 0)
		return cmd_failed(&err);
	log_line("exported %zu entries, %.1f MB", report.entries, (double)report.bytes / MB);
	if (report.skipped)
		log_line("%zu entries are damaged or went meanwhile, and were left out", report.skipped);
	return EXIT_PASSED;
}

static int cache_import(const struct cache_call *c)
{
	struct pack_report report;
	struct err err = {0};

	if (store_import(c->root, c->operands[0], c->limit, &report, &err) < 0)
		return cmd_failed(&err);
	log_line("imported %zu entries; %zu were there already", report.entries, report.skipped);
	return EXIT_PASSED;
}

/* ---- the verbs ---- */

static const struct verb {
	const char *name;
	int least, most; /* operands */
	const char *wrong;
	int (*run)(const struct cache_call *c);
} verbs[] = {
	{"list", 0, 0, "cache list takes no operand", cache_list},
	{"prune", 0, 0, "cache prune takes no operand", cache_prune},
	{"export", 1, 64, "cache export needs a file to write, or - for stdout", cache_export},
	{"import", 1, 1, "cache import needs one file to read, or - for stdin", cache_import},
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static int unknown_verb(const char *name)
{
	const char *names[ARRAY_SIZE(verbs) + 1] = {NULL};
	const char *near;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		names[i] = verbs[i].name;
	near = text_nearest(name, names);
	log_line("there is no 'vmtap cache %s'", name);
	if (near)
		log_line("did you mean 'vmtap cache %s'?", near);
	return wrong("cache can list, prune, export and import");
}

int cmd_cache(char **argv)
{
	struct cache_call c = {.operands = argv + 1};
	struct settings s;
	struct err err = {0};
	const struct verb *verb;
	int n, status = cmd_parse("cache", cmd_cache_options, &c, argv, &n);

	if (status >= 0)
		return status;
	if (n == 0)
		return wrong("say what to do with the cache: list, prune, export or import");
	verb = find_verb(argv[0]);
	if (!verb)
		return unknown_verb(argv[0]);
	if (n - 1 < verb->least || n - 1 > verb->most)
		return wrong(verb->wrong);
	if ((c.max || c.all) && verb->run != cache_prune)
		return wrong("--max and --all are options of cache prune");
	if (c.check && verb->run != cache_prune && verb->run != cache_list)
		return wrong("--check is an option of cache list and cache prune");
	if (settings_read(&s, &err) < 0 || store_limit(s.store, &c.limit, &err) < 0) {
		cmd_failed(&err);
		return s.damaged ? EXIT_INFRA : EXIT_WRONG;
	}
	c.root = s.store;
	return verb->run(&c);
}
