#define MEBIBYTE (1 << 20)

test("malloc") {
	for (;;)
		malloc(16 * MEBIBYTE);
}

test("a subtest does not go on") {
	subtest("full") {
		for (;;)
			calloc(16, MEBIBYTE);
	}
	note("not reached");
}

test("one that is too large") {
	void *p = realloc(0, (size_t)-1 / 4);

	ok(p);
}

test("what vmtap keeps for the script") {
	for (int i = 0; i < 63; i++)
		malloc(16 * MEBIBYTE);
	for (;;)
		fmt("%1000000d", 1);
}

test("the next test has its own") {
	char *p = malloc(64 * MEBIBYTE);

	p[64 * MEBIBYTE - 1] = 1;
	ok(true);
}
