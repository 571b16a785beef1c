#!/usr/bin/env vmtap
/* crashed.c - the script itself crashes; the tests around it are not touched */

test("before") {
	ok(1);
}

test("follows a null pointer") {
	int *p = 0;

	*p = 1;
}

test("after") {
	ok(1);
}
