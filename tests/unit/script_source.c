/* script_source.c - what tcc is given instead of a script's text */
#include "unit.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "script/source.c"

static char told[256]; /* the last diagnostic */

int diagnose(struct diagnostics *d, const char *file, int line, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(told, sizeof(told), "%d: ", line);

	(void)file;
	d->count++;
	va_start(ap, fmt);
	vsnprintf(told + n, sizeof(told) - (size_t)n, fmt, ap);
	va_end(ap);
	return -1;
}

static struct sources sources;

/* Load @text as a script, with a file used.c beside it. Return: what tcc would see. */
static const char *cooked(const char *text)
{
	char dir[] = "/tmp/vmtap-unit-XXXXXX";
	struct diagnostics d = {0};
	struct err err = {0};
	char *main_path, *used_path;

	told[0] = '\0';
	sources_free(&sources);
	CHECK(mkdtemp(dir) != NULL);
	main_path = path_join(dir, "main.c");
	used_path = path_join(dir, "used.c");
	CHECK_INT(file_write_atomic(main_path, text, strlen(text), 0600, &err), 0);
	CHECK_INT(file_write_atomic(used_path, "int used;\n", 10, 0600, &err), 0);
	CHECK_INT(sources_load(&sources, main_path, &d, &err), 0);
	free(main_path);
	free(used_path);
	file_remove_tree(dir);
	return buf_str(&sources.files[0].cooked);
}

TEST(script_source, plain_text_is_unchanged)
{
	CHECK_STR(cooked("int a;\n\ntest(\"x\") { }"), "int a;\n\ntest(\"x\") { }");
}

TEST(script_source, a_shebang_is_a_comment)
{
	CHECK_STR(cooked("#!/usr/bin/env vmtap\nint a;\n"), "///usr/bin/env vmtap\nint a;\n");
}

TEST(script_source, use_becomes_an_include_on_its_line)
{
	CHECK_STR(cooked("int a;\nuse(\"used.c\"); // why\nint b;\n"), "int a;\n#include \"used.c\"// why\nint b;\n");
	CHECK_INT(sources.n, 2);
}

TEST(script_source, a_file_is_used_once)
{
	CHECK_STR(cooked("use(\"used.c\");\nuse ( \"used.c\" ) ;\n"), "#include \"used.c\"\n\n");
}

TEST(script_source, use_in_comments_and_strings_is_text)
{
	static const char text[] = "/* use(\"used.c\"); */\n// use(\"used.c\");\nchar *s = \"\\\" use(\";\nint reuse(int);\n";

	CHECK_STR(cooked(text), text);
	CHECK_INT(sources.n, 1);
}

TEST(script_source, use_is_alone_on_its_line)
{
	cooked("int a; use(\"used.c\");\n");
	CHECK_HAS(told, "1: use(");
	cooked("\nuse(\"used.c\"); int a;\n");
	CHECK_HAS(told, "2: use(");
}

TEST(script_source, an_open_string_is_told_at_its_line)
{
	cooked("int a;\nchar *s = \"no end;\nint b;\n");
	CHECK_STR(told, "2: missing terminating \" character");
	cooked("#error \"no end\n#define IT 'S\nint b;\n");
	CHECK_STR(told, "");
}

TEST(script_source, lines_are_found_without_white_space)
{
	char line[16];

	cooked("int a;\n\t  int b;  \r\n");
	sources_line(&sources, sources.files[0].path, 2, line, sizeof(line));
	CHECK_STR(line, "int b;");
	sources_line(&sources, sources.files[0].path, 9, line, sizeof(line));
	CHECK_STR(line, "");
	sources_line(&sources, sources.files[0].path, 1, line, 4);
	CHECK_STR(line, "int");
}

TEST(script_source, words_are_found_outside_of_comments)
{
	const char *file;
	int line = 0;

	cooked("/* word */ \"word\"\nwordy\nword\n");
	CHECK(sources_find_word(&sources, "word", &file, &line));
	CHECK_INT(line, 3);
	CHECK(!sources_find_word(&sources, "absent", &file, &line));
}

/* Return: whether @text alone is plain. */
static int plain(const char *text)
{
	cooked(text);
	return sources_are_plain(&sources);
}

TEST(script_source, an_ordinary_script_is_plain)
{
	CHECK(plain("#!/usr/bin/env vmtap\n// #define asm\nvm(a, .memory = 16384);\n"
		    "test(\"asm [99999999]\") { long n = 1000000000; int m[10][100]; is(m[i * 2][4], (1 + (2))); }\n"));
}

TEST(script_source, what_could_hurt_the_compiler_is_not_plain)
{
	CHECK(!plain("#define A 1\n"));
	CHECK(!plain("#  define A 1\n"));
	CHECK(!plain("#def\\\nine A 1\n"));
	CHECK(!plain("__asm__(\".fill 2000000000\");\n"));
	CHECK(!plain("char a[100000000];\n"));
	CHECK(!plain("char a[9999][9999][9];\n"));
	CHECK(!plain("vm_array(a, 100000000);\n"));
	CHECK(!plain("enum { N = 100000000 };\nchar a[N];\n"));
	CHECK(!plain("char a[9999 * 9999];\n"));
	CHECK(!plain("char a[9999]\n[9999];\n"));
	CHECK(!plain("char (a[9999])[9999];\n"));
	CHECK(!plain("char a[1 << 30];\n"));
	CHECK(!plain("char a[-1u / 9];\n"));
	CHECK(!plain("char a['z' * 'z' * 'z' * 'z'];\n"));
	CHECK(!plain("char a[(unsigned)-1];\n"));
	CHECK(!plain("char a[0xffffff];\n"));
	CHECK(!plain("char a[INT_MAX];\n"));
	CHECK(!plain("char a __attribute__((__aligned__(1 << 28)));\n"));
	CHECK(!plain("vm_array(a, 99 * 99 * 99 * 99);\n"));
	CHECK(!plain("int a = (((((((((1)))))))));\n"));
}

TEST(script_source, arrays_that_are_small_one_by_one_are_not_plain_together)
{
	CHECK(plain("long a[999999];\n"));
	CHECK(!plain("long a[999999]; long b[999999];\n"));
	CHECK(plain("struct result r; char a[99]; char b[64];\n"));
	CHECK(!plain("typedef char a[9999]; typedef a b[9999]; b c[9];\n"));
	CHECK(!plain("struct s { char a[9999]; }; struct s b[9999];\n"));
}

TEST(script_source, a_long_text_is_not_plain)
{
	cleanup_buf struct buf text = {0};

	while (text.len < PLAIN_SIZE / 2)
		buf_adds(&text, "int a;\n");
	CHECK(plain(buf_str(&text)));
	while (text.len <= PLAIN_SIZE)
		buf_adds(&text, "int a;\n");
	CHECK(!plain(buf_str(&text)));
}

TEST(script_source, only_a_regular_file_can_be_used)
{
	cooked("int a;\nuse(\".\");\n");
	CHECK_HAS(told, "2: cannot use '");
	CHECK_HAS(told, "': not a regular file");
}

TEST(script_source, the_first_line_of_an_executable_script_has_no_words)
{
	const char *file;
	int line = 0;

	cooked("#!/usr/bin/env vmtap\n\nint env;\n");
	CHECK(sources_find_word(&sources, "env", &file, &line));
	CHECK_INT(line, 3);
}
