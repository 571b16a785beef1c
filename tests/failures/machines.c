/* machines.c - every way in which a command or a machine fails a test, on copies of one guest */
vm(m, .memory = 128);
vm(doomed);

test("status") {
	m.succeed("echo out; echo err >&2; exit 3");
}

test("status, of a command of several lines") {
	m.succeed("cd /tmp\n"
		  "ls nothing-here\n");
}

test("signal") {
	m.succeed("kill -KILL $$");
}

test("a success that should be none") {
	m.fail("echo fine");
}

test("time") {
	m.start();
	within(1)
		m.succeed("echo begun; sleep 100");
}

test("time, of the test", .timeout = 4) {
	m.succeed("echo begun; sleep 100");
}

test("port") {
	m.succeed("(exec nc -l -p 81) >/dev/null 2>&1 &");
	m.wait_for_open_port(81);
	within(1)
		m.wait_for_open_port(80);
}

test("port that stays open") {
	m.succeed("(exec nc -l -p 81) >/dev/null 2>&1 &");
	m.wait_for_open_port(81);
	within(1)
		m.wait_for_closed_port(81);
}

test("file") {
	m.start();
	within(1)
		m.wait_for_file("/etc/nothing");
}

test("check") {
	is(m.succeed("echo 42"), "43");
	like(m.succeed("uname -s"), "^Windows$");
	ok(m.execute("false").status == 0, "the command works");
	is(m.succeed("printf 'a\\nb\\nc\\n'"), "a\nB\nc");
}

test("console") {
	m.succeed("echo Welcome >/dev/console");
	within(1)
		m.wait_for_console_text("login:");
}

test("the machine powers itself off") {
	m.execute("poweroff -f");
	m.succeed("true");
}

test("panic") {
	m.execute("echo last words >/dev/console; echo c >/proc/sysrq-trigger");
}

test("memory") {
	m.succeed("tail /dev/zero");
}

/* mov 0, %eax: one page, loaded at 0x400000. */
static const unsigned char crasher[] = {
	0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x3e, 0, 1, 0, 0, 0, 0x78, 0, 0x40, 0, 0, 0, 0, 0,
	64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0,
	1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0,
	0x7f, 0, 0, 0, 0, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0,
	0x8b, 0x04, 0x25, 0, 0, 0, 0,
};

test("a program crashes, unheard of") {
	m.write_bytes("/tmp/crasher", crasher, sizeof(crasher));
	m.execute("chmod +x /tmp/crasher; /tmp/crasher");
}

/* QEMU is a child of the world, as is the script's process, which runs this on the host. */
static const char *const kill_qemu = "world=$(cut -d' ' -f4 /proc/$PPID/stat)\n"
				     "for pid in $(cat /proc/$world/task/*/children); do\n"
				     "	[ $pid = $PPID ] || kill -SEGV $pid\n"
				     "done";

test("QEMU crashes") {
	doomed.start();
	is(host(kill_qemu).status, 0);
	doomed.succeed("sleep 100");
}

test("a pointer that leads nowhere") {
	struct vm *volatile nobody = NULL;

	nobody->succeed("true");
}
