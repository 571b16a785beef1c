/* right: not ok soon after the limit, at a line of the script, and it is said that the agent of 'm' does not answer */
vm(m);

test("a guest that stands still", .timeout = 30) {
	m.succeed("true");
	m.execute("halt -f");
	m.succeed("echo y");
}
