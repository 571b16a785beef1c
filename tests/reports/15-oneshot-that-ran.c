/* right: ok, a oneshot without RemainAfterExit that has run is what one waits for; "inactive" is what others said of it */
vm(m, .image = "build/debian12-web.tar");

test("a oneshot that has run", .timeout = 400) {
	m.write_file("/run/systemd/system/once.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
	m.write_file("/run/systemd/system/never.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
	m.succeed("systemctl daemon-reload && systemctl start once");
	m.wait_for_unit("once.service");
	m.wait_for_unit("never.service");
}
