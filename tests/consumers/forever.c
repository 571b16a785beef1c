#!/usr/bin/env vmtap
/* forever.c - never ends; `produce` kills whoever runs it after its first point */

test("before") {
	ok(1);
}

test("loops") {
	for (;;)
		;
}

test("after") {
	ok(1);
}
