vm(m);

test("x") {
	struct result r = host("false");

	m.start;
	ok(r.status = 1);
	ok(m.is_up);
	start_all;
}
