use("lib/broken.c");

test("x") {
}
