vm(m);

test("states that no unit has") {
	subtest("require_unit_state") { m.require_unit_state("a.service", "running"); }
	subtest("wait_for_unit_state") { m.wait_for_unit_state("a.service", NULL); }
	subtest("of a user") { m.require_user_unit_state("a.service", "Active", "alice"); }
}

test("units, users and properties without a name") {
	subtest("start_job") { m.start_job(""); }
	subtest("unit_property") { m.unit_property("a.service", ""); }
	subtest("systemctl") { m.systemctl(NULL); }
	subtest("wait_for_user_unit") { m.wait_for_user_unit("a.service", ""); }
	subtest("user_systemctl") { m.user_systemctl("status", "../root"); }
}
