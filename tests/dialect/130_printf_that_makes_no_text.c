test("x") {
	const char *format = "a %q\n";

	printf("b\n");
	printf(format, "c");
}
