/* right: not ok, and the words name what a test can say so that its machine may reboot */
vm(m);

test("the kernel's reboot", .timeout = 400) {
	m.execute("reboot -f");
	m.succeed("true");
}

test("BusyBox's reboot, which asks process 1", .timeout = 400) {
	m.execute("reboot");
	m.execute("cat /dev/zero >/dev/null");
}

test("BusyBox's poweroff", .timeout = 400) {
	m.execute("poweroff");
	m.execute("cat /dev/zero >/dev/null");
}
