/* right: not ok, and the words name what kept the unit down: e.service failed; its condition does not hold */
vm(m, .image = "build/debian12-web.tar");

test("why a unit is not up", .timeout = 400, .health = "units") {
	m.write_file("/run/systemd/system/d.service",
		     "[Unit]\nRequires=e.service\nAfter=e.service\n[Service]\nExecStart=/bin/sleep 100\n");
	m.write_file("/run/systemd/system/e.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n");
	m.write_file("/run/systemd/system/c.service",
		     "[Unit]\nConditionPathExists=/nope\n[Service]\nExecStart=/bin/sleep 100\n");
	m.succeed("systemctl daemon-reload; systemctl start d; systemctl start c");
	subtest("dependency")
		m.wait_for_unit("d.service");
	subtest("condition")
		m.wait_for_unit("c.service");
}
