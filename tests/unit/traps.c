/* traps.c - what C lets pass and what does not do what it says */
#include "unit.h"

#include "base/buf.h"
#include "script/traps.h"

static struct buf told;

static void tell(void *arg, int line, const char *message)
{
	(void)arg;
	buf_addf(&told, "%d:%s ", line, strstr(message, "compares addresses") ? "address" : strstr(message, "format") ? (strstr(message, " for a ") ? "kind" : "format") : strstr(message, "not used") ? "unused" : strstr(message, "takes a number") ? "text" : strstr(message, "one byte") ? "escape" : strstr(message, "assigns") ? "assigned" : strstr(message, "not called") ? "call" : strstr(message, "of fmt() alone") ? "fmt" : strstr(message, "is_up is") ? "is_up" : "?");
}

static const char *traps(const char *text)
{
	buf_clear(&told);
	traps_find(text, tell, NULL);
	return buf_str(&told);
}

TEST(traps, a_text_beside_a_comparison)
{
	CHECK_STR(traps("int a = s == \"x\";\n\nint b = \"x\" \"y\" != s;"), "1:address 3:address ");
	CHECK_STR(traps("int a = \"x\" == \"y\";"), "1:address ");
	CHECK_STR(traps("int a = s /* \"x\" */ == /* y */\n\"x\""), "1:address ");
}

TEST(traps, a_byte_of_a_text_or_what_is_said_about_one_is_none)
{
	CHECK_STR(traps("a = *\"x\" == 'x' || \"x\"[0] == 'x' || 'x' == \"x\"[0];"), "");
	CHECK_STR(traps("// s == \"x\"\na = \"s == \\\"x\\\"\";\n#define A s == \"x\" \\\n\t|| s == \"y\"\n"), "");
	CHECK_STR(traps("a = sizeof(\"x\") == 2; b = \"x\"; c = f(\"x\") == 1; d <= \"x\";"), "");
	CHECK_STR(traps("#!/usr/bin/env vmtap == \"x\"\n\"unterminated =="), "");
	CHECK_STR(traps(""), "");
}

TEST(traps, formats_with_too_few_or_too_many_arguments)
{
	CHECK_STR(traps("a = fmt(\"%d %s\", 1);\nprintf(\"\", 1);\nsnprintf(a, sizeof(a), \"%d\");"), "1:format 2:format 3:format ");
	CHECK_STR(traps("m.succeed(fmt(\"%s\" \"%*d\", \"a\", f(1, 2)));"), "1:format ");
	CHECK_STR(traps("a = fmt(\"%%%d%q\", 1, fmt(\"%s\", a));\nprintf(\"%5.*f%zu%lld\", 1, a, b, c);"), "");
}

TEST(traps, literals_of_another_kind_than_the_format_says)
{
	CHECK_STR(traps("fmt(\"%d\", \"a\");x = fmt(\"%d %s\", 1, 2);\ny = printf(\"%5.*f\", \"3\" \"4\", 1.0);"), "1:kind 1:kind 2:kind ");
	CHECK_STR(traps("x = fmt(\"%d %s %q %p\", \"a\"[0], \"b\", s, 0); y = fmt(\"%s\", 1 ? a : b); z = fmt(\"%d\", f(\"x\"));"), "");
}

TEST(traps, a_conversion_of_fmt_alone)
{
	CHECK_STR(traps("printf(\"%q\", a);\nfmt(\"%q\", a);\nsnprintf(b, 5, \"%d %q\", 1, a);"), "1:fmt 3:fmt ");
	CHECK_STR(traps("printf(\"%%q %d\", 1);"), "");
}

TEST(traps, texts_for_the_numbers_of_a_method)
{
	CHECK_STR(traps("m.sleep(\"5\");\nnet[0].delay(1, \"5\");\np->sleep(\"5\" \"0\");"), "1:text 2:text 3:text ");
	CHECK_STR(traps("sleep(\"5\"); m.sleep(5); m.sleep(atof(\"5\")); m.succeed(\"5\"); m.save(\"5\"); m.delay(1); m.sleep"), "");
}

TEST(traps, escapes_that_do_not_fit_into_a_byte)
{
	CHECK_STR(traps("a = \"\\u20ac\";\nb = \"x\" /* */ \"\\xe9t\" \"\\xe9e\";\nc == \"\\U0001F600\";"), "3:address 1:escape 2:escape 3:escape ");
	CHECK_STR(traps("a = \"\\\\u20ac \\\\xabc \\xab\" \"c \\u0041 \\x\"; b = L\"\\u20ac\"; c = 'x';\n#define D \"\\u20ac\"\n"), "");
}

TEST(traps, constants_assigned_in_a_condition)
{
	CHECK_STR(traps("ok(n = 5);\nif (a && (n = 0)) ;\nwhile (s = \"x\") ;\nok(r.status = 1, \"why\");"), "1:assigned 2:assigned 3:assigned 4:assigned ");
	CHECK_STR(traps("ok(n == 5 && n >= 5 || n <= 5 || n != 5); ok(p = f(5)); if ((p = q)) n = 5; if (x) { n = 5; } ok(n += 5); m.ok(n = 5);"), "");
	CHECK_STR(traps("while (({ int n = 5; n; })) ; for (n = 5;;) ; ok(strcmp(a, \"=\") == 0, \"x = 5\"); ok(n = 5 + m); if (n = 5"), "");
}

TEST(traps, methods_without_their_parentheses)
{
	CHECK_STR(traps("{ m.start;\n node[1].shutdown; start_all; }\nok(m.is_up);\nif (!p->is_up && q) ;"), "1:call 2:call 2:call 3:is_up 4:is_up ");
	CHECK_STR(traps("f = m.succeed; g(m.succeed); s.field; x.start = 5; start: ; int is_up; ok(m.is_up()); r.out; goto start;"), "");
}

TEST(traps, results_that_nobody_uses)
{
	CHECK_STR(traps("{ contains(a, \"b\"); m.is_up(); p->is_up();\n node[i].is_up(); } atoi(\"x\"); fmt(\"x\");"), "1:unused 1:unused 1:unused 2:unused 2:unused ");
	CHECK_STR(traps("ok(contains(a, \"b\")); x = fmt(\"a\"); for (; m.is_up();) ; while (m.is_up()) ; m.fmt(\"x\"); is_up();"), "");
	CHECK_STR(traps("if (x) ; else fmt(\"x\"); contains(a, b) || f(); trim(s)[0]; char *fmt(const char *f, ...); o.m.execute(\"x\");"), "");
}

TEST(traps, what_is_not_clear_is_no_trap)
{
	CHECK_STR(traps("a = fmt(\"%\" PRId64, a) + fmt(f, 1) + fmt(\"%d\" F, 1); o.fmt(\"%d\"); int fmt(\"x\", int a); fmt(\"%d\", a"), "");
}
