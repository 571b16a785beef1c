static int helper(int n)
{
	is(n, 4);
	return n;
}

test("a failed check is recorded and the test goes on") {
	is(helper(3),
	   5);
	note("still here");
}

test("ok") {
	ok(1 > 2);
	ok(1 > 2, "one is not more than two");
}

test("is, with integers") {
	is(-1, 1L << 40);
}

test("is, with an integer and a fraction") {
	is(2, 2.5);
}

test("is, with numbers that print alike") {
	is(0.1 + 0.2, 0.3);
}

test("is, with texts") {
	is("a long text\nwith two lines", "a long text\nwith 2 lines");
}

test("is, with NULL") {
	is((char *)NULL, "text");
}

test("isnt") {
	isnt("a", "a");
}

test("like") {
	like("some text", "^te.t$");
}

test("unlike") {
	unlike("some text", "t.xt");
}

test("a regular expression that is none") {
	like("some text", "a(b");
}

test("like, with NULL") {
	like(env("VMTAP_THIS_IS_NOT_SET"), "x");
}
