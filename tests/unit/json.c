/* json.c - what QEMU and image indexes say */
#include "unit.h"

#include <stdlib.h>

#include "base/json.h"

static struct json *parse(const char *text, struct err *err)
{
	return json_parse(text, strlen(text), err);
}

/* Return: the value at @path of @text; freed by the next call. */
static const char *value(const char *text, const char *path)
{
	static struct json *j;

	json_free(j);
	j = parse(text, NULL);
	return j ? json_text(j, path) : NULL;
}

/* Return: the error for a bad @text, "" if it is taken. */
static const char *error(const char *text)
{
	static struct err err;
	struct json *j;

	err = (struct err){0};
	j = parse(text, &err);
	json_free(j);
	return j ? "" : err.text;
}

TEST(json, what_is_printed_is_the_same_value)
{
	static const char text[] = "{\"a\": [1, -2.5e3, \"x\\\"y\\\\z\\u0001\", true, false, null], \"b\": {}}";
	struct json *j = json_parse(text, strlen(text), NULL);
	cleanup_buf struct buf out = {0};

	json_print(&out, j);
	CHECK_STR(buf_str(&out), text);
	json_free(j);
}

TEST(json, reads_members_by_path)
{
	const char *reply = " { \"return\" : {\"status\": \"running\", \"id\": -1.5e3}, \"x\": [ ] }\n";

	CHECK_STR(value(reply, "return.status"), "running");
	CHECK_STR(value(reply, "return.id"), "-1.5e3");
	CHECK(!value(reply, "return.nope"));
	CHECK(!value(reply, "return.status.deeper"));
	CHECK(!value(reply, "x"));
	CHECK(!value("[1]", "return"));
}

TEST(json, kinds)
{
	struct json *j = parse("[null, true, false, 0, \"\", [], {}]", NULL);
	const enum json_kind want[] = {JSON_NULL,   JSON_TRUE,	JSON_FALSE, JSON_NUMBER,
				       JSON_STRING, JSON_ARRAY, JSON_OBJECT};
	size_t n = 0;

	for (const struct json *c = j ? j->child : NULL; c && n < 7; c = c->next, n++)
		CHECK_INT(c->kind, want[n]);
	CHECK_INT(n, 7);
	json_free(j);
}

TEST(json, escapes)
{
	CHECK_STR(value("\"\\\" \\\\ \\/ \\b\\f\\n\\r\\t\"", ""), "\" \\ / \b\f\n\r\t");
	CHECK_STR(value("\"\\u0041\\u00e9\\u20AC\"", ""), "A\u00e9\u20ac");
	CHECK_STR(value("\"\\ud83d\\udc27\"", ""), "\U0001f427");
}

TEST(json, surrogates_come_in_pairs)
{
	CHECK_HAS(error("\"\\ud83d\""), "unpaired surrogate");
	CHECK_HAS(error("\"\\ud83dx\""), "unpaired surrogate");
	CHECK_HAS(error("\"\\udc27\""), "unpaired surrogate");
	CHECK_HAS(error("\"\\ud83d\\u0041\""), "unpaired surrogate");
	CHECK_HAS(error("\"\\ud83d\\uzzzz\""), "four hexadecimal");
}

TEST(json, bad_strings)
{
	CHECK_HAS(error("\"\\u00"), "four hexadecimal");
	CHECK_HAS(error("\"\\u00g0\""), "four hexadecimal");
	CHECK_HAS(error("\"\\x41\""), "unknown escape");
	CHECK_HAS(error("\"abc"), "not closed");
	CHECK_HAS(error("\"abc\\"), "not closed");
	CHECK_HAS(error("\"a\nb\""), "control character");
	CHECK_HAS(error("\"a\\u0000b\""), "NUL");
}

TEST(json, nul_byte_in_the_text)
{
	CHECK(!json_parse("\"a\0b\"", 5, NULL));
	CHECK(!json_parse("1\0", 2, NULL));
	CHECK(!json_parse("\"\\\0\"", 4, NULL));
}

TEST(json, numbers)
{
	const char *good[] = {"0", "-0", "10", "1.5", "1e9", "1E+9", "-1.25e-3"};
	const char *bad[] = {"-", "+1", "01", "1.", ".5", "1e", "1e+", "--1", "1.2.3", "0x10", "NaN"};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK_STR(value(good[i], ""), good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_HAS(error(bad[i]), "bad JSON at byte ");
}

TEST(json, garbage)
{
	const char *bad[] = {"",	 " ",	   "{",	      "}",	"[1,]",	 "[1 2]", "{\"a\"}", "{\"a\":}",
			     "{a: 1}",	 "{\"a\":1,}", "nul",  "tru",	"[1]]",	 "{} x",  "'a'",     ",",
			     "[",	 "[1,",	   "{\"a\":1"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_HAS(error(bad[i]), "bad JSON at byte ");
}

TEST(json, every_truncation_is_refused)
{
	const char *whole = "{\"a\": [1, \"\\u20ac\", {\"b\": null}], \"c\": \"d\"}";

	for (size_t n = 0; n < strlen(whole); n++) {
		char *part = malloc(n + 1); /* of that size: a read behind it is seen */

		memcpy(part, whole, n);
		CHECK(!json_parse(part, n, NULL));
		free(part);
	}
	CHECK_STR(error(whole), "");
}

TEST(json, depth_is_limited)
{
	char text[2000];
	int n;

	for (int deep = JSON_DEPTH_MAX; deep <= JSON_DEPTH_MAX + 1; deep++) {
		n = 0;
		for (int i = 0; i < deep; i++)
			text[n++] = '[';
		text[n++] = '1';
		for (int i = 0; i < deep; i++)
			text[n++] = ']';
		text[n] = '\0';
		CHECK_STR(error(text), deep == JSON_DEPTH_MAX ? "" : "bad JSON at byte 33: nested too deeply");
	}
	memset(text, '[', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	CHECK_HAS(error(text), "nested too deeply");
}
