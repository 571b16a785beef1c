vm(server);

test("x") {
	suceed("true");
	int n = atio("3");
}
