vm(m);

test("right") {
	m.succeed(fmt("%d%% %s", 1, fmt("a, %s (b)", ")")));
	printf("%*d %s" " %s\n", 5, 1, "two", "three");
}

test("wrong") {
	char text[10];

	m.succeed(fmt("echo %s %d", "a"));
	printf("plain\n", 1);
	snprintf(text, sizeof(text), "%d", (1, 2), 3);
	note(fmt("%s" " %s", "a, b"));
}
