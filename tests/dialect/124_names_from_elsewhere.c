test("x") {
	is(host("true").exit_code, 0);
}
