/* checks.c - ok, is, isnt, like, unlike: a failure is recorded and the test goes on */
#include "script/checks.h"

#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "script/diff.h"
#include "script/run.h"

#define QUOTED_MAX     80 /* bytes of a text that a message shows; the pairs have it all */
#define PART_REGEX_MAX 200   /* bytes of an expression whose beginnings are tried */
#define PART_TEXT_MAX  16384 /* ... and of the text that they are tried on */
#define PART_LETTERS   3     /* letters and digits in a beginning that says something */
#define DIFFERENCE_MAX 16 /* bytes shown of where two texts differ; shorter ones are seen as a whole */

/* Add @s as a C string literal of one line, or NULL. */
static void quote(struct buf *out, const char *s)
{
	size_t n = s ? strnlen(s, QUOTED_MAX + 1) : 0;

	if (!s) {
		buf_adds(out, "NULL");
		return;
	}
	diff_quote(out, s, n > QUOTED_MAX ? QUOTED_MAX : n);
	buf_adds(out, n > QUOTED_MAX ? "..." : "");
}

bool check_ok(int holds, const char *condition, const char *why)
{
	const bool said = why && *why;

	if (!holds)
		run_fail((const struct pair[]){{"condition", condition}, {0}}, "%s%s", said ? why : "not true: ",
			 said ? "" : condition);
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

/* The line that the first difference of two texts is in: its number, and where it begins in each. */
struct spot {
	size_t line, byte; /* from 1 */
	const char *a, *b;
};

static struct spot find_spot(const char *a, const char *b)
{
	struct spot s = {.line = 1, .a = a, .b = b};
	size_t n = 0;

	for (; a[n] && a[n] == b[n]; n++) {
		if (a[n] == '\n') {
			s.line++;
			s.a = a + n + 1;
			s.b = b + n + 1;
		}
	}
	s.byte = (size_t)(a + n - s.a) + 1;
	return s;
}

/* Add " (they differ ...)", unless a look at two short texts tells. */
static void add_difference(struct buf *out, const char *a, const char *b)
{
	struct spot s;

	if (strlen(a) <= DIFFERENCE_MAX && strlen(b) <= DIFFERENCE_MAX)
		return;
	s = find_spot(a, b);
	buf_addf(out, " (they differ at line %zu, byte %zu: ", s.line, s.byte);
	quote(out, run_keep(s.a + s.byte - 1, strnlen(s.a + s.byte - 1, DIFFERENCE_MAX)));
	buf_adds(out, " and ");
	quote(out, run_keep(s.b + s.byte - 1, strnlen(s.b + s.byte - 1, DIFFERENCE_MAX)));
	buf_addc(out, ')');
}

/* @whole: with its newline. */
static void quote_line(struct buf *out, const char *line, bool whole)
{
	size_t n = strcspn(line, "\n");

	quote(out, run_keep(line, line[n] && whole ? n + 1 : n));
}

/* Put into words how texts of several lines differ: the first line that does says most. */
static void tell_line(struct buf *out, const char *got, const char *want)
{
	struct spot s = find_spot(got, want);
	size_t n = strcspn(s.a, "\n");
	bool whole = n == strcspn(s.b, "\n") && strncmp(s.a, s.b, n) == 0;

	if (!*s.a)
		buf_addf(out, " ends before line %zu, which is to be ", s.line);
	else if (!*s.b)
		buf_addf(out, " goes on where it is to end: line %zu is ", s.line);
	else
		buf_addf(out, " differs in line %zu: it is ", s.line);
	if (*s.a)
		quote_line(out, s.a, whole);
	if (*s.a && *s.b)
		buf_adds(out, ", not ");
	if (*s.b)
		quote_line(out, s.b, whole);
}

/* Put into words that @got is @want, or is not. */
static void tell_texts(struct buf *out, const char *got, const char *want, int equal)
{
	if (equal && got && want && (diff_has_lines(got) || diff_has_lines(want))) {
		tell_line(out, got, want);
		return;
	}
	buf_adds(out, " is ");
	quote(out, got);
	if (!equal)
		return;
	buf_adds(out, ", not ");
	quote(out, want);
	if (got && want)
		add_difference(out, got, want);
}

bool check_text(const char *got, const char *want, int equal, const char *expression)
{
	cleanup_buf struct buf words = {0}, diff = {0};
	const bool same = got && want ? strcmp(got, want) == 0 : got == want;

	if (same == equal)
		return true;
	tell_texts(&words, got, want, equal);
	run_fail((const struct pair[]){{"diff", equal && got && want && diff_texts(&diff, want, got) ? buf_str(&diff) : NULL},
				       {"found", got ? got : "NULL"},
				       {equal ? "wanted" : "unwanted", want ? want : "NULL"},
				       {0}},
		 "%s%s", expression, buf_str(&words));
	return false;
}

/* Record that an expression is none. */
static void refuse(const char *regex, const regex_t *compiled, int error)
{
	char why[128];

	regerror(error, compiled, why, sizeof(why));
	run_fail((const struct pair[]){{"regex", regex}, {0}}, "bad regular expression \"%s\": %s", regex, why);
}

bool check_regex(const char *regex)
{
	regex_t compiled;
	int error = regcomp(&compiled, regex, REG_EXTENDED | REG_NOSUB | REG_NEWLINE);

	if (error)
		refuse(regex, &compiled, error);
	else
		regfree(&compiled);
	return !error;
}

/* Return: whether @text matches, with the place in @at; false for an expression that is none. */
static bool matches_as(const char *text, const char *regex, int flags, regmatch_t *at)
{
	regex_t compiled;
	bool found;

	if (regcomp(&compiled, regex, REG_EXTENDED | REG_NEWLINE | flags) != 0)
		return false;
	found = regexec(&compiled, text, 1, at, 0) == 0;
	regfree(&compiled);
	return found;
}

/* Add "line 3: what it says", of the byte at @at. */
static void add_line_at(struct buf *out, const char *text, size_t at)
{
	struct spot s = {.line = 1, .a = text};

	for (size_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			s.line++;
			s.a = text + i + 1;
		}
	}
	buf_addf(out, "line %zu: ", s.line);
	buf_add(out, s.a, strcspn(s.a, "\n"));
}

static size_t count_letters(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += isalnum((unsigned char)*s) != 0;
	return n;
}

/* Add how much of an expression that does not match does: its longest beginning, and where. Nothing when that says little. */
static void add_beginning(struct buf *out, const char *text, const char *regex)
{
	cleanup_free char *part = xstrdup(regex);
	size_t n = strlen(regex);
	regmatch_t at;

	if (n > PART_REGEX_MAX || strnlen(text, PART_TEXT_MAX + 1) > PART_TEXT_MAX || strpbrk(regex, "|\\"))
		return;
	while (n-- > 0) {
		part[n] = '\0';
		if (count_letters(part) < PART_LETTERS)
			return;
		if (!matches_as(text, part, 0, &at))
			continue;
		buf_addf(out, "/%s/ in ", part);
		add_line_at(out, text, (size_t)at.rm_so);
		return;
	}
}

bool check_like(const char *text, const char *regex, int matches, const char *expression)
{
	cleanup_buf struct buf where = {0};
	const char *aside = "";
	regex_t compiled;
	regmatch_t at;
	int error;

	if (!text || !regex) {
		run_fail(NULL, "%s is a null pointer", text ? "the regular expression" : expression);
		return false;
	}
	error = regcomp(&compiled, regex, REG_EXTENDED | REG_NEWLINE);
	if (error) {
		refuse(regex, &compiled, error);
		return false;
	}
	error = regexec(&compiled, text, 1, &at, 0);
	regfree(&compiled);
	if ((error == 0) == matches)
		return true;
	if (!matches && diff_has_lines(text))
		add_line_at(&where, text, (size_t)at.rm_so);
	else if (matches && matches_as(text, regex, REG_ICASE, &at))
		aside = " (but for upper and lower case)";
	else if (matches)
		add_beginning(&where, text, regex);
	run_fail((const struct pair[]){{matches ? "matches_up_to" : "matched", where.len ? buf_str(&where) : NULL},
				       {"found", text},
				       {matches ? "wanted" : "unwanted", regex},
				       {0}},
		 "%s %s /%s/%s", expression, matches ? "does not match" : "matches", regex, aside);
	return false;
}
