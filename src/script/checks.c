/* checks.c - ok, is, isnt, like, unlike: a failure is recorded and the test goes on */
#include "script/checks.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "script/run.h"

#define QUOTED_MAX     80 /* bytes of a text that a message shows; the pairs have it all */
#define DIFFERENCE_MAX 16 /* bytes shown of where two texts differ; shorter ones are seen as a whole */

/* Add @s as a C string literal of one line, or NULL. */
static void quote(struct buf *out, const char *s)
{
	if (!s) {
		buf_adds(out, "NULL");
		return;
	}
	buf_addc(out, '"');
	for (size_t i = 0; i < QUOTED_MAX && s[i]; i++) {
		if (s[i] == '\n')
			buf_adds(out, "\\n");
		else if (s[i] == '\t')
			buf_adds(out, "\\t");
		else if (s[i] == '"' || s[i] == '\\')
			buf_addf(out, "\\%c", s[i]);
		else
			buf_addc(out, s[i]);
	}
	buf_adds(out, strnlen(s, QUOTED_MAX + 1) > QUOTED_MAX ? "\"..." : "\"");
}

bool check_ok(int holds, const char *condition, const char *why)
{
	if (!holds)
		run_fail((const struct pair[]){{"condition", condition}, {0}}, "%s%s", why ? why : "not true: ",
			 why ? "" : condition);
	return holds;
}

/* Record that @expression, which is @found, is not or is @wanted; both as texts for the pairs. */
static void differ(const char *expression, const char *found, const char *wanted, int equal)
{
	run_fail((const struct pair[]){{"found", found}, {equal ? "wanted" : "unwanted", wanted}, {0}}, "%s is %s%s%s",
		 expression, found, equal ? ", not " : "", equal ? wanted : "");
}

bool check_integer(long long got, long long want, int equal, const char *expression)
{
	char found[32], wanted[32];

	if ((got == want) == equal)
		return true;
	snprintf(found, sizeof(found), "%lld", got);
	snprintf(wanted, sizeof(wanted), "%lld", want);
	differ(expression, found, wanted, equal);
	return false;
}

bool check_number(double got, double want, int equal, const char *expression)
{
	char found[32], wanted[32];

	if ((got == want) == equal)
		return true;
	snprintf(found, sizeof(found), "%.15g", got);
	snprintf(wanted, sizeof(wanted), "%.15g", want);
	if (strcmp(found, wanted) == 0) { /* they differ further behind */
		snprintf(found, sizeof(found), "%.17g", got);
		snprintf(wanted, sizeof(wanted), "%.17g", want);
	}
	differ(expression, found, wanted, equal);
	return false;
}

/* Add " (they differ ...)", unless a look at two short texts tells. */
static void add_difference(struct buf *out, const char *a, const char *b)
{
	size_t n = 0, line = 1, start = 0;

	if (!a || !b || (strlen(a) <= DIFFERENCE_MAX && strlen(b) <= DIFFERENCE_MAX))
		return;
	for (; a[n] && a[n] == b[n]; n++) {
		if (a[n] == '\n') {
			line++;
			start = n + 1;
		}
	}
	buf_addf(out, " (they differ at line %zu, byte %zu: ", line, n - start + 1);
	quote(out, run_keep(a + n, strnlen(a + n, DIFFERENCE_MAX)));
	buf_adds(out, " and ");
	quote(out, run_keep(b + n, strnlen(b + n, DIFFERENCE_MAX)));
	buf_addc(out, ')');
}

bool check_text(const char *got, const char *want, int equal, const char *expression)
{
	cleanup_buf struct buf found = {0}, wanted = {0}, where = {0};
	const bool same = got && want ? strcmp(got, want) == 0 : got == want;

	if (same == equal)
		return true;
	quote(&found, got);
	quote(&wanted, want);
	if (equal)
		add_difference(&where, got, want);
	run_fail((const struct pair[]){{"found", got ? got : "NULL"},
				       {equal ? "wanted" : "unwanted", want ? want : "NULL"},
				       {0}},
		 "%s is %s%s%s%s", expression, buf_str(&found), equal ? ", not " : "",
		 equal ? buf_str(&wanted) : "", buf_str(&where));
	return false;
}

/* Compile an expression. Return: whether it is one; if not, that was recorded. */
static bool compile(regex_t *compiled, const char *regex)
{
	char why[128];
	int r = regcomp(compiled, regex, REG_EXTENDED | REG_NOSUB | REG_NEWLINE);

	if (r == 0)
		return true;
	regerror(r, compiled, why, sizeof(why));
	run_fail((const struct pair[]){{"regex", regex}, {0}}, "bad regular expression \"%s\": %s", regex, why);
	return false;
}

bool check_regex(const char *regex)
{
	regex_t compiled;

	if (!compile(&compiled, regex))
		return false;
	regfree(&compiled);
	return true;
}

/* Return: whether @text matches, -1 when the expression is bad and that was recorded. */
static int match(const char *text, const char *regex)
{
	regex_t compiled;
	int r;

	if (!compile(&compiled, regex))
		return -1;
	r = regexec(&compiled, text, 0, NULL, 0);
	regfree(&compiled);
	return r == 0;
}

bool check_like(const char *text, const char *regex, int matches, const char *expression)
{
	int r;

	if (!text || !regex) {
		run_fail(NULL, "%s is a null pointer", text ? "the regular expression" : expression);
		return false;
	}
	r = match(text, regex);
	if (r < 0 || r == matches)
		return r >= 0;
	run_fail((const struct pair[]){{"found", text}, {matches ? "wanted" : "unwanted", regex}, {0}},
		 "%s %s /%s/", expression, matches ? "does not match" : "matches", regex);
	return false;
}
