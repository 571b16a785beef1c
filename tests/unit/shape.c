/* shape.c - what is wrong with how a script declares its machines, networks, tests and setups, and with its brackets */
#include "unit.h"

#include <stdlib.h>

#include "script/shape.h"

/* Return: "LINE: " and what is wrong, "" for nothing; until the next call. */
static const char *wrong(const char *text)
{
	static char found[256];
	int line = 0;
	char *what = shape_find(text, &line);

	snprintf(found, sizeof(found), "%d: %s", line, what ? what : "");
	free(what);
	return what ? found : "";
}

TEST(shape, all_that_can_be_declared)
{
	CHECK_STR(wrong("#!/usr/bin/env vmtap\nuse(\"a.c\");\nvm(server);\nvm(b, .memory = 512,\n\t.disks = {\"1G\", f(1, 2)});\n"
			"vm_array(node, 2 + 1, .env = {\"A=,);{\"});\nnet(lan, .mtu = 9000);\nint a[] = {1, 2}, b;\n"
			"static int f(void) { vm(; }\nsetup { m.start(); }\nsetup(\"x\", .from = \"y\") { }\n"
			"test(\"a\" NAME, .timeout = 5) { test(5); }\ntest(NAME) { }\nstruct s { int x; } c;\n"), "");
	CHECK_STR(wrong(""), "");
	CHECK_STR(wrong("#define A vm(\n#define B \\\n vm(\n/* vm( */ // test\n"), "");
}

TEST(shape, names)
{
	const char *machine = "1: a machine has a name of letters, digits and '_', and behind it ',' or ')': vm(server);";

	CHECK_STR(wrong("vm();"), machine);
	CHECK_STR(wrong("vm(2a);"), machine);
	CHECK_STR(wrong("vm(my-server);"), machine);
	CHECK_STR(wrong("vm(\"server\");"), machine);
	CHECK_STR(wrong("vm(int);"), machine);
	CHECK_STR(wrong("vm(a;"), machine);
	CHECK_STR(wrong("vm(a .memory = 5);"), machine);
	CHECK_STR(wrong("vm("), machine);
	CHECK_HAS(wrong("\n\nnet(5);"), "3: a network has a name of letters");
	CHECK_HAS(wrong("test() { }"), "1: a test has a name in double quotes");
	CHECK_HAS(wrong("test('x') { }"), "1: a test has a name in double quotes");
	CHECK_HAS(wrong("test(\"x\" { }"), "1: a test has a name in double quotes");
	CHECK_HAS(wrong("setup() { }"), "1: a setup has a name in double quotes");
	CHECK_HAS(wrong("vm_array(a);"), "1: how many machines there are follows their name");
}

TEST(shape, fields)
{
	CHECK_STR(wrong("vm(a, memory = 5);"), "1: a field is written with a dot and a '=': .memory = value");
	CHECK_STR(wrong("vm(a, .memory: 5);"), "1: a field is written with a dot and a '=': .memory = value");
	CHECK_STR(wrong("vm(a, .memory);"), "1: a field is written with a dot and a '=': .memory = value");
	CHECK_STR(wrong("test(\"a\", 5) { }"), "1: behind the name of a test come its fields, each with a dot: .name = value");
	CHECK_STR(wrong("vm(a, .memory = 5;"), "1: the '(' of this vm(...) is not closed");
	CHECK_STR(wrong("vm(b);\nvm(a, .memory = (5\n\ntest(\"x\") { }\n"), "2: the '(' of this vm(...) is not closed");
	CHECK_STR(wrong("vm_array(a, 3"), "1: the '(' of this vm_array(...) is not closed");
}

TEST(shape, fields_of_something_else)
{
	CHECK_STR(wrong("vm(a, .timeout = 5);"), "1: a machine has no field 'timeout'; a test has it");
	CHECK_STR(wrong("test(\"a\", .memory = 5) { }"), "1: a test has no field 'memory'; a machine has it");
	CHECK_STR(wrong("vm_array(a, 2, .memry = 5);"), "1: a group of machines has no field 'memry'; did you mean 'memory'?");
	CHECK_STR(wrong("net(a,\n\t.mtu = 9000,\n\t.x = 5);"), "3: a network has no field 'x'");
}

TEST(shape, what_follows)
{
	CHECK_STR(wrong("vm(a)\ntest(\"x\") { }"), "1: there is no ';' at the end of this machine: vm(server);");
	CHECK_STR(wrong("vm a;"), "1: vm(server); declares a machine, whose type is struct vm");
	CHECK_STR(wrong("net *a;"), "1: net(lan); declares a network, whose type is struct net");
	CHECK_STR(wrong("test(\"x\");\n{ }"), "1: what a test does follows at once, without a ';': test(\"name\") { ... }");
	CHECK_STR(wrong("test(\"x\")\n\tok(1);"), "1: what a test does belongs in braces: test(\"name\") { ... }");
	CHECK_HAS(wrong("setup m.start();"), "1: what a setup does belongs in braces");
	CHECK_STR(wrong("test(\"x\") {\n}}\n"), "2: there is a '}' too many");
	CHECK_STR(wrong("vm(a);\na.start();"), "2: what a machine does belongs in a test or a setup: setup { a. ... }");
}

static const char *open_bracket(const char *text)
{
	static char found[32];
	char missing = 0;
	int line = shape_open_bracket(text, &missing);

	snprintf(found, sizeof(found), "%d%c", line, missing);
	return line ? found : "";
}

TEST(shape, the_bracket_that_is_left_open)
{
	CHECK_STR(open_bracket("test(\"a\") { }\ntest(\"b\") {\n{\n}\n"), "2}");
	CHECK_STR(open_bracket("test(\"a\") {\n ok((1);\n}\ntest(\"b\") { }\n"), "2)");
	CHECK_STR(open_bracket("{ int a[2\n};"), "1]");
	CHECK_STR(open_bracket("test(\"{\") { /* { */ }"), "");
	CHECK_STR(open_bracket("} ) ]"), "");
}
