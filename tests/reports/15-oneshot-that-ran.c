/* right: not ok, and it is said that the unit ran and ended well; "no job is queued" is said of what never ran, too */
vm(m, .image = "build/debian12-web.tar");

test("a oneshot that has run", .timeout = 100) {
	m.write_file("/run/systemd/system/once.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
	m.succeed("systemctl daemon-reload && systemctl start once");
	m.wait_for_unit("once.service");
}
