/* translations.c - with our QEMU: code is translated once, wherever it is mapped (ci/qemu, one_translation) */
vm(m, .image = "build/debian12-web.tar");

static int blocks(void)
{
	return atoi(match(m.monitor("info jit"), "TB count +([0-9]+)", 1));
}

test("a program that is started again, elsewhere, is not translated again") {
	int before, first, again;

	m.succeed("/bin/true"); /* the shell, and what each program begins with */
	before = blocks();
	is(m.succeed("echo one two | sed s/one/three/"), "three two");
	first = blocks() - before;
	for (int i = 0; i < 5; i++)
		is(m.succeed("echo one two | sed s/one/three/"), "three two");
	again = blocks() - before - first;
	note(fmt("blocks translated: %d the first time, %d in the next five", first, again));
	ok(first > 200 && again < first);
}
