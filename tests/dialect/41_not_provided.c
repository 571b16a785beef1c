int system(const char *command);

test("x") {
	system("true");
}
