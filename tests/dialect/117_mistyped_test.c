TEST("x") {
	note("y");
}
