#!/usr/bin/env vmtap
/* good.c - everything passes, with text that a careless reader trips over */

test("adds up") {
	is(1 + 1, 2);
	note("ok 7 - this is a comment\n1..9");
}

test("3 times: \"quoted\", 100 %, Größe") {
	ok(3 == 1 + 2, "three");
}

test("TODO or SKIP is only a word here") {
	like("Welcome to nginx!", "nginx");
}
