#!/usr/bin/env vmtap
/* use("lib/none.c"); */
use("lib/checks.c");
use("lib/checks.c"); /* once is enough */

test("functions of a used file") {
	is(LIB_ANSWER, 42);
	is(lib_twice(4), 8);
}

test("a failure in a used file is told there") {
	lib_check(3);
}
