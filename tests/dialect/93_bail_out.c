test("the first point is told, and no other") {
	is(log_dir(), NULL);
	subtest("it ends the test from within") {
		bail_out("there is nothing to test with");
	}
	note("never");
}

test("is not told") {
}
