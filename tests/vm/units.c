#!/usr/bin/env vmtap
/* units.c - systemd's units: the system's, and those of a user */
vm(m, .image = "build/debian12-web.tar");

static void unit(const char *name, const char *text)
{
	m.write_file(fmt("/run/systemd/system/%s.service", name), text);
}

setup {
	unit("once", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
	unit("stays", "[Service]\nExecStart=/bin/sleep 1000\nEnvironment=A=1\n");
	unit("fails", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo said before it failed; exit 3'\n");
	m.succeed("systemctl daemon-reload");
}

test("a job is started and stopped, and states are compared") {
	m.require_unit_state("stays", "inactive");
	m.start_job("stays");
	m.require_unit_state("stays.service", "active");
	m.wait_for_unit("stays");
	m.stop_job("stays");
	m.require_unit_state("stays", "inactive");
	m.start_job("once");
	m.wait_for_unit("once");
}

test("a unit that somebody starts later is waited for by its state", .health = "units") {
	m.succeed("(sleep 1; systemctl start stays) >/dev/null 2>&1 &");
	m.wait_for_unit_state("stays", "active");
	m.succeed("(sleep 1; systemctl stop stays) >/dev/null 2>&1 &");
	m.wait_for_unit_state("stays", "inactive");
	m.execute("systemctl start fails");
	m.wait_for_unit_state("fails", "failed");
}

test("also one that is written later") {
	m.succeed("(sleep 1; cd /run/systemd/system && cp stays.service new.service && systemctl daemon-reload && "
		  "systemctl start new) >/dev/null 2>&1 &");
	m.wait_for_unit_state("new", "active");
}

test("properties, and systemctl") {
	m.start_job("stays");
	is(m.unit_property("stays", "ActiveState"), "active");
	is(m.unit_property("stays", "Environment"), "A=1");
	is(m.unit_property("stays", "Documentation"), "");
	is(m.systemctl("is-active stays").status, 0);
	is(m.systemctl("is-active once").status, 3);
	like(m.systemctl("list-units 'stay*'").out, "stays.service +loaded active running");
}

test("a user's units, whose systemd is started later") {
	m.write_file("/run/systemd/system/manager.service",
		     "[Service]\nUser=alice\nDelegate=yes\nEnvironment=XDG_RUNTIME_DIR=/run/user/1000\n"
		     "ExecStartPre=+install -d -o alice -g alice -m 700 /run/user/1000\nExecStart=/lib/systemd/systemd --user\n");
	m.fail("test -e /run/user/1000"); /* the image has no logind that would start it */
	m.succeed("(sleep 1; systemctl start manager) >/dev/null 2>&1 &");
	m.write_file("/home/alice/.config/systemd/user/u.service", "[Service]\nExecStart=/bin/sleep 1000\n");
	m.write_file("/home/alice/.config/systemd/user/o.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
	m.wait_for_user_unit("default.target", "alice");
	is(m.user_systemctl("daemon-reload", "alice").status, 0);
	m.require_user_unit_state("u", "inactive", "alice");
	m.start_user_job("u", "alice");
	m.wait_for_user_unit("u", "alice");
	m.wait_for_user_unit_state("u", "active", "1000");
	is(m.user_unit_property("u", "SubState", "alice"), "running");
	is(m.succeed("ps -o user= -C sleep | sort -u"), "alice");
	m.stop_user_job("u", "alice");
	m.require_user_unit_state("u", "inactive", "alice");
	m.start_user_job("o", "alice");
	m.wait_for_user_unit("o", "alice");
}
