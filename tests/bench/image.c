/* image.c - a declaration and nothing else: with --dry-run, the cost of making a root bootable */
vm(m, .image = "build/debian12-web.tar");

test("image") {
	m.succeed("true");
}
