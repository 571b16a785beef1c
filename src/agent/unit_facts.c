/* unit_facts.c - why a systemd unit is inactive: reading what systemctl(1) and journalctl(1) say (pure) */
#include "agent/unit_facts.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define FAILED "failed:\n"
#define BULLET " *\xe2\x97\x8f" /* bytes of what an older systemctl puts in front of a failed unit (U+25CF), --plain or not */

/* Return: the value of the first "KEY=value" before the list of failed units, which the caller frees; "" without one. */
static char *get(const char *facts, const char *key)
{
	size_t n = strlen(key);

	while (*facts && !text_starts(facts, FAILED)) {
		size_t line = strcspn(facts, "\n");

		if (!strncmp(facts, key, n) && facts[n] == '=')
			return xstrndup(facts + n + 1, line - n - 1);
		facts += line + (facts[line] == '\n');
	}
	return xstrdup("");
}

/* Return: whether a line of the list of failed units begins with this name. */
static bool has_failed(const char *facts, const char *name, size_t n)
{
	const char *line = strstr(facts, FAILED);

	if (line)
		line = strchr(line, '\n');
	for (; line; line = strchr(line, '\n')) {
		line += 1 + strspn(line + 1, BULLET);
		if (!strncmp(line, name, n) && line[n] == ' ')
			return true;
	}
	return false;
}

/* Append the units of this list that have failed, in quotes, with commas between. Return: how many there are. */
static int add_failed(const char *facts, const char *key, struct buf *out)
{
	cleanup_free char *list = get(facts, key);
	int count = 0;

	for (const char *p = list; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (has_failed(facts, p, n))
			buf_addf(out, "%s'%.*s'", count++ || out->len ? ", " : "", (int)n, p);
		p += n;
	}
	return count;
}

/* systemd has no result for a start that a condition kept from happening: only its words tell. */
static bool was_skipped(const char *message)
{
	return strstr(message, "ondition check") && strstr(message, " skipped");
}

bool unit_facts_have_run(const char *facts)
{
	cleanup_free char *type = get(facts, "Type"), *remain = get(facts, "RemainAfterExit");
	cleanup_free char *result = get(facts, "JOB_RESULT"), *message = get(facts, "MESSAGE");

	return !strcmp(type, "oneshot") && !strcmp(remain, "no") && !strcmp(result, "done") && !was_skipped(message);
}

static void explain_dependency(const char *facts, struct buf *out)
{
	static const char *const lists[] = {"Requires", "Requisite", "BindsTo"};
	cleanup_buf struct buf failed = {0};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		add_failed(facts, lists[i], &failed);
	if (failed.len)
		buf_addf(out, "was not started: it needs %s, which failed", buf_str(&failed));
	else
		buf_adds(out, "was not started: a unit that it needs was not started either");
}

void unit_facts_explain(const char *facts, struct buf *out)
{
	cleanup_free char *result = get(facts, "JOB_RESULT"), *message = get(facts, "MESSAGE");

	if (!strcmp(result, "dependency"))
		explain_dependency(facts, out);
	else if (!strcmp(result, "assert"))
		buf_adds(out, "was not started: its assertion does not hold");
	else if (was_skipped(message) || !strcmp(result, "skipped"))
		buf_adds(out, "was not started: its condition does not hold");
	else if (!strcmp(result, "done"))
		buf_adds(out, "was started, and has ended without a failure: it is inactive and no job is queued that would "
			      "start it again");
	else if (*result)
		buf_addf(out, "is inactive, its last start ended with result '%s', and no job is queued that would start it",
			 result);
	else
		buf_adds(out, "is inactive and no job is queued that would start it");
}
