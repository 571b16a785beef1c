/* right: ok, a machine that its own guest powered off can be started again */
vm(m);
vm(n);

test("off by its own command, on by start()", .timeout = 400) {
	start_all();
	m.succeed("(sleep 1; poweroff -f) >/dev/null 2>&1 &");
	n.wait_until_fails("ping -c 1 -W 1 m");
	ok(!m.is_up());
	m.start();
	is(m.succeed("echo y"), "y");
}
