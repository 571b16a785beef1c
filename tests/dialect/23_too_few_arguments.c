vm(server);

test("x") {
	server.write_file("a");
}
