/* outline.c - what a text in C declares, and whether it is complete */
#include "unit.h"

#include "script/outline.h"

static struct buf out, more;

static const char *declared(const char *text)
{
	buf_clear(&out);
	outline_declare(text, &out);
	return buf_str(&out);
}

static const char *names(const char *text)
{
	buf_clear(&out);
	outline_names(text, &out);
	return buf_str(&out);
}

static const char *split(const char *text)
{
	buf_clear(&out);
	buf_clear(&more);
	outline_split(text, &out, &more);
	return buf_str(&more);
}

TEST(outline, declares_functions_and_variables)
{
	CHECK_STR(declared("static int twice(int x) { return 2 * x; }"), "int twice ( int x );\n");
	CHECK_STR(declared("int a = 5, *p = &a;"), "extern int a , * p ;\n");
	CHECK_STR(declared("static const char *n[] = {\"a;\", \"b}\"};"), "extern const char * n [ ] ;\n");
	CHECK_STR(declared("int f(int);"), "extern int f ( int ) ;\n");
	CHECK_STR(declared("extern int a;"), "extern int a ;\n");
}

TEST(outline, keeps_types_and_directives)
{
	CHECK_STR(declared("struct p { int x; };"), "struct p { int x; };\n");
	CHECK_STR(declared("typedef struct { int x; } p;"), "typedef struct { int x; } p;\n");
	CHECK_STR(declared("struct p { int x; } a = {1};"), "extern struct p { int x ; } a ;\n");
	CHECK_STR(declared("#define X(a) \\\n  a\nint b;"), "#define X(a) \\\n  a\nextern int b ;\n");
}

TEST(outline, leaves_tests_out)
{
	CHECK_STR(declared("vm(a, .memory = 64);\ntest(\"x}\") { int y; }\nsetup { a.start(); }\nint z;"),
		  "vm(a, .memory = 64);\nextern int z ;\n");
	CHECK_STR(declared("/* int a; */ // int b;\n"), "");
}

TEST(outline, names_what_is_declared)
{
	CHECK_STR(names("int a = f(1, 2), *p[3], g(int x);"), "a p g ");
	CHECK_STR(names("void (*handler)(int) = 0;"), "handler ");
	CHECK_STR(names("struct p q = {.a = 1, .b = 2};"), "q ");
	CHECK_STR(names("int f(int a) { int b; }\nint c;"), "f c ");
	CHECK_STR(names("#define N 1\n#include <x>\n#undef M"), "#N #M ");
	CHECK_STR(names("typedef unsigned long number;"), "number ");
}

TEST(outline, splits_initializers_off)
{
	CHECK_STR(split("char *s = f(1, 2), *t = g();"), "s = f(1, 2);\nt = g();\n");
	CHECK_STR(buf_str(&out), "char *s , *t ;\n");
	CHECK_STR(split("int a[] = {1}; struct p q = {2}; char b[] = \"x\";"), "");
}

TEST(outline, tells_kinds)
{
	CHECK(outline_kind(" /* x */ \n", "") == OUTLINE_NOTHING);
	CHECK(outline_kind("#define N 1", "") == OUTLINE_DIRECTIVE);
	CHECK(outline_kind("int a;", "") == OUTLINE_DECLARATION);
	CHECK(outline_kind("integer a;", "") == OUTLINE_STATEMENTS);
	CHECK(outline_kind("number a;", " number ") == OUTLINE_DECLARATION);
	CHECK(outline_kind("a.succeed(\"x;\")", "") == OUTLINE_EXPRESSION);
	CHECK(outline_kind("a = 5;", "") == OUTLINE_STATEMENTS);
	CHECK(outline_kind("for (;;) ;", "") == OUTLINE_STATEMENTS);
	CHECK(outline_kind("{ }", "") == OUTLINE_STATEMENTS);
	CHECK(outline_kind("vm(a);", "") == OUTLINE_TEST);
	CHECK(outline_kind("test = 5", "") == OUTLINE_EXPRESSION);
}

TEST(outline, knows_what_is_complete)
{
	static const char *const complete[] = {"", "1", "f(1)", "if (x) y;", "f(\"(\")", "'('", "/* ( */ 1", "// (\n", ")", "a = {1};",
					       "#define X 1\n", "\"open", "int f(int a) { }"};
	static const char *const open[] = {"f(", "f(1,\n", "{", "if (x) {\n y;", "/* a", "1 /* a", "#define X \\\n", "for (;;)", "int f(int a)\n",
					   "a \\\n", "x[", "while (1) // (\n"};

	for (size_t i = 0; i < sizeof(complete) / sizeof(*complete); i++)
		CHECK(outline_is_complete(complete[i]));
	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++)
		CHECK(!outline_is_complete(open[i]));
	buf_free(&out);
	buf_free(&more);
}
