/* options.c - command lines by table: one row an option */
#include "cmd/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define COUNT_MAX 100000 /* of an OPTION_COUNT */

static const struct option *find(const struct option *table, const char *name, size_t n)
{
	for (; table->name; table++)
		if (strlen(table->name) == n && memcmp(table->name, name, n) == 0)
			return table;
	return NULL;
}

static const struct option *find_letter(const struct option *table, char letter)
{
	for (; table->name; table++)
		if (letter && table->letter == letter)
			return table;
	return NULL;
}

static int unknown(const struct option *table, const char *word, struct err *err)
{
	const char *names[OPTIONS_MAX + 3] = {"help", "version"}; /* what all commands take, then the table's */
	cleanup_free char *name = xstrndup(word, strcspn(word, "="));
	const char *near;

	for (size_t i = 0; i < OPTIONS_MAX && table[i].name; i++)
		names[i + 2] = table[i].name;
	near = text_nearest(name + strspn(name, "-"), names);
	err_set(err, "unknown option '%s'", name);
	if (near)
		err_hint(err, "did you mean '--%s'?", near);
	return -1;
}

static int set(const struct option *o, void *to, const char *value, struct err *err)
{
	char *at = (char *)to + o->offset;
	char *end;
	double seconds;
	long count;
	struct option_texts texts;
	int given;

	switch (o->kind) {
	case OPTION_FLAG:
		memcpy(&given, at, sizeof(given));
		given++;
		memcpy(at, &given, sizeof(given));
		return 0;
	case OPTION_TEXT:
		memcpy(at, &value, sizeof(value));
		return 0;
	case OPTION_TEXTS:
		memcpy(&texts, at, sizeof(texts));
		texts.list = xrealloc(texts.list, (texts.count + 1) * sizeof(*texts.list));
		texts.list[texts.count++] = value;
		memcpy(at, &texts, sizeof(texts));
		return 0;
	case OPTION_MAYBE_SECONDS:
		if (!value) {
			memcpy(at, &(double){OPTION_NO_SECONDS}, sizeof(double));
			return 0;
		}
		__attribute__((fallthrough));
	case OPTION_SECONDS:
		seconds = strtod(value, &end);
		if (end == value || *end || !(seconds > 0) || seconds > 1e6)
			return err_set(err, "option '--%s': '%s' is not a number of seconds above 0", o->name,
				       value);
		memcpy(at, &seconds, sizeof(seconds));
		return 0;
	case OPTION_COUNT:
		count = strtol(value, &end, 10);
		if (end == value || *end || count < 1 || count > COUNT_MAX)
			return err_set(err, "option '--%s': '%s' is not a whole number from 1 to %d", o->name, value,
				       COUNT_MAX);
		memcpy(at, &(int){(int)count}, sizeof(int));
		return 0;
	}
	return -1;
}

static int needs_value(const struct option *o, struct err *err)
{
	return err_set(err, "option '--%s' needs a value (%s)", o->name, o->value);
}

/* "--name", "--name=value" or "--name value" at @argv. Return: words used, or -1. */
static int take_long(const struct option *table, void *to, char **argv, struct err *err)
{
	const char *name = argv[0] + 2, *equals = strchr(name, '=');
	const struct option *o = find(table, name, strcspn(name, "="));

	if (!o)
		return unknown(table, argv[0], err);
	if (o->kind == OPTION_FLAG && equals)
		return err_set(err, "option '--%s' takes no value", o->name);
	if (o->kind == OPTION_FLAG || o->kind == OPTION_MAYBE_SECONDS || equals)
		return set(o, to, equals ? equals + 1 : NULL, err) < 0 ? -1 : 1;
	if (!argv[1])
		return needs_value(o, err);
	return set(o, to, argv[1], err) < 0 ? -1 : 2;
}

/* Letters behind one dash at @argv: flags, and at most one with a value, the last: "-lv", "-j2", "-lf value". Return: as above. */
static int take_short(const struct option *table, void *to, char **argv, struct err *err)
{
	for (const char *p = argv[0] + 1; *p; p++) {
		const struct option *o = find_letter(table, *p);
		const char *value = p[1] ? p + 1 : argv[1];

		if (!o)
			return unknown(table, argv[0], err);
		if (o->kind == OPTION_FLAG) {
			set(o, to, NULL, err);
			continue;
		}
		if (!value)
			return needs_value(o, err);
		return set(o, to, value, err) < 0 ? -1 : p[1] ? 1 : 2;
	}
	return 1;
}

int options_parse(const struct option *table, void *to, char **argv, struct err *err)
{
	int operands = 0;
	int only_operands = 0;

	for (char **p = argv; *p;) {
		int used = 1;

		if (!only_operands && strcmp(*p, "--") == 0) {
			only_operands = 1;
		} else if (only_operands || (*p)[0] != '-' || !(*p)[1]) {
			argv[operands++] = *p;
		} else {
			used = (*p)[1] == '-' ? take_long(table, to, p, err) : take_short(table, to, p, err);
			if (used < 0)
				return -1;
		}
		p += used;
	}
	argv[operands] = NULL;
	return operands;
}

void options_print(const struct option *table)
{
	for (; table->name; table++) {
		const char *equals = !table->value ? "" : table->kind == OPTION_MAYBE_SECONDS ? "[=" : "=";
		char left[48], letter[8] = "    ";

		if (table->letter)
			snprintf(letter, sizeof(letter), "-%c, ", table->letter);
		snprintf(left, sizeof(left), "%s--%s%s%s%s", letter, table->name, equals, table->value ? table->value : "",
			 *equals == '[' ? "]" : "");
		printf("  %-26s %s\n", left, table->help);
	}
}
