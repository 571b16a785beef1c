static const char *name = "x";

test(name) {
	note("y");
}
