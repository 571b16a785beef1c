vm(server);

test("x") {
	server.succeed("a",
		       "b");
}
