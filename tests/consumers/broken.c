#!/usr/bin/env vmtap
/* broken.c - does not compile: one failed point, and no other script is stopped */

test("is not C") {
	int x = ;
}
