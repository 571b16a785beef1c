/* On one line each, because it is up to chance where in it the deadline finds the script. */
static int loop(const void *a, const void *b) { for (;;) fmt("%d", a == b); return 0; }

test("a loop in the script") {
	within(0.05) { for (;;) ; }
	note("not reached");
}

test("a loop in a function that calls functions of vmtap and of the C library") {
	within(0.05) { loop(0, 0); }
	note("not reached");
}

test("a callback of the C library") {
	int numbers[] = {3, 2, 1};

	within(0.05) { qsort(numbers, 3, sizeof(*numbers), loop); }
	note("not reached");
}

test("the block that is late ends, with all that is inside") {
	subtest("outer") {
		within(0.05) {
			subtest("middle") {
				within(1000) {
					subtest("inner") { for (;;) ; }
					note("not reached");
				}
			}
			note("not reached");
		}
		note("not reached");
	}
	note("reached");
}

test("the next block has a deadline of its own") {
	for (int i = 0; i < 3; i++)
		subtest("late") { within(0.01) for (;;) ; }
	within(1000)
		subtest("in time") { ok(true); }
	note("reached");
}

test("a fault is a fault") {
	within(1000) { int *volatile p = 0; *p = 1; }
}

test("the limit of the test is shorter", .timeout = 0.5) {
	within(1000) for (;;) ;
}
