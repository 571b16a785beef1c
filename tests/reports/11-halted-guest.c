/* right: not ok soon after the limit, at a line of the script, and it is said that the agent of 'm' does not answer */
vm(m);

/* Before, as the limit is of the boot, too. */
test("its machine is there") {
	m.start();
}

test("a guest that stands still", .timeout = 20) {
	m.succeed("true");
	m.execute("halt -f");
	m.succeed("echo y");
}
