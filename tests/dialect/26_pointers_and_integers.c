vm(server);

test("x") {
	char *text = server.execute("a").status;
	int n = server.succeed("a");
	server.succeed(3);
	int *p = "text";
	is(server.succeed("a"), 3);
}
