vm(server);

test("x") {
	server.suceed("a");
}
