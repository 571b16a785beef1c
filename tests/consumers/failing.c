#!/usr/bin/env vmtap
/* failing.c - one failure between two passes, with values that need escaping */

test("before") {
	ok(1);
}

test("compares text") {
	const char *got = "a\tb \"c\" \\ # d\n";

	is(got, "e: f");
}

test("after") {
	ok(1);
}
