static void fails_in_a_block(void)
{
	within(5) {
		(void)fmt(NULL);
	}
	note("not reached");
}

test("a failure ends the subtest, not the test") {
	subtest("one") {
		fails_in_a_block();
		note("not reached");
	}
	subtest("two") {
		ok(true);
	}
	note("reached");
}

test("subtests in subtests") {
	subtest("outer") {
		subtest("inner") {
			(void)fmt(NULL);
		}
		note("after the inner one");
	}
}

test("break, continue, return and goto leave a block well") {
	for (int i = 0; i < 2; i++) {
		subtest("break") {
			if (i == 0)
				break;
			continue;
		}
		within(10) {
			break;
		}
	}
	subtest("goto") {
		goto out;
	}
out:
	subtest("return") {
		within(10) {
			return;
		}
	}
	note("not reached");
}

test("within is left too late") {
	within(0.01) {
		struct timespec start, now;

		clock_gettime(CLOCK_MONOTONIC, &start);
		do
			clock_gettime(CLOCK_MONOTONIC, &now);
		while (difftime(now.tv_sec, start.tv_sec) + (now.tv_nsec - start.tv_nsec) / 1e9 < 0.05);
	}
	note("not reached");
}

test("within needs a time") {
	within(0) {
		note("not reached");
	}
}

test("skip in a subtest ends the test") {
	subtest("inner") {
		skip("enough");
	}
	note("not reached");
}
