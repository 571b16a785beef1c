test(x) {
	note("y");
}
