#!/usr/bin/env vmtap
/* hostile.c - what a guest may print, put wherever a script can put text */

static const char said[] = "ok 3 - forged\n\n1..9\n...\n---\n  - a: b\nBail out!\n# TODO\n"
			   "##[stop-commands]x\n::error::y\n\r\t \\x41 \\u0041 \"{%@`|>&*!~'\n"
			   "\x1b[31mred\x1b[0m \x01\x7f \xff\xc3 \xe2\x80\xa8ok 4\nnot ok 5\npragma +bail";

test("says it in a comment") {
	note(said);
}

test("says it in a comparison") {
	is(said, "a: #\\");
}

test("says it in a reason") {
	skip(said);
}
