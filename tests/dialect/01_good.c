#!/usr/bin/env vmtap
/* A shebang, no include, globals that each test has for itself. */
static int counter;

setup {
	counter += 10;
}

test("a global starts from the same value in each test") {
	counter++;
	is(counter, 11);
}

test("also in the second one", .timeout = 30) {
	counter++;
	is(counter, 11);
}

test("checks that hold say nothing") {
	char text[] = "line 1\nline 2\n";

	ok(true);
	ok(is(2 + 2, 4), "a check returns whether it held");
	is(1.5, 1.5);
	is(1, 1.0);
	is("a", "a");
	is((char *)NULL, NULL);
	isnt(1, 2);
	isnt("a", NULL);
	like(text, "^line 2$");
	unlike(text, "^2");
}

test("what is printed is a comment") {
	printf("two\nlines and ");
	printf("a %s", "part");
	note("a note");
	puts("puts");
	printf("no newline at the end");
}

test("a test can skip itself") {
	skip("no reason");
}

test("or be skipped from the start", .skip = "not yet") {
	exit(1);
}
