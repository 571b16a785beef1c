/* units.c - how waits for units fail, what a unit that fails leaves behind, and what a kernel with all its modules has to say */
vm(m, .image = "../../build/debian12-web.tar");

static void unit(const char *name, const char *text)
{
	m.write_file(fmt("/run/systemd/system/%s.service", name), text);
}

setup {
	unit("bad", "[Service]\nType=oneshot\nExecStart=/bin/sh -c \"echo I am bad; journalctl --sync; exit 3\"\n");
	unit("slow", "[Service]\nType=notify\nExecStart=/bin/sh -c \"echo I am slow; exec sleep 1000\"\n");
	unit("needy", "[Unit]\nRequires=bad.service\nAfter=bad.service\n[Service]\nType=oneshot\nExecStart=/bin/true\n");
	m.succeed("systemctl daemon-reload");
}

test("a unit that fails", .health = "units") {
	m.execute("systemctl start --no-block bad");
	m.wait_for_unit("bad");
}

test("a unit that does not exist") {
	m.wait_for_unit("nothing");
}

test("a unit that nothing starts") {
	m.wait_for_unit("slow");
}

test("a unit that does not come up") {
	m.execute("systemctl start --no-block slow");
	m.wait_until_succeeds("pgrep -x sleep");
	within(3)
		m.wait_for_unit("slow");
}

test("a job that fails", .health = "units") {
	m.start_job("bad");
}

test("a state that is another") {
	m.require_unit_state("nginx", "failed");
}

test("a property that there is not") {
	m.unit_property("nginx", "Colour");
}

test("a unit that fails, unheard of") {
	m.execute("systemctl start bad; while ! systemctl -q is-failed bad; do sleep 0.1; done");
}

/* Who writes to a file system that is frozen sleeps where no signal reaches him. */
test("a task that hangs, unheard of") {
	m.copy_from_host("../../build/kit/busybox", "/tmp/busybox");
	m.succeed("head -c 8M /dev/zero >/tmp/disk; losetup /dev/loop0 /tmp/disk || { modprobe loop; losetup /dev/loop0 /tmp/disk; }");
	m.succeed("/tmp/busybox mke2fs /dev/loop0; mkdir /tmp/fs; mount /dev/loop0 /tmp/fs");
	m.succeed("cd /proc/sys/kernel; echo 1 >hung_task_warnings; echo 1 >hung_task_timeout_secs; echo 1 >hung_task_check_interval_secs");
	m.succeed("fsfreeze --freeze /tmp/fs; (exec touch /tmp/fs/x) >/dev/null 2>&1 & "
		  "until dmesg | grep 'blocked for more'; do sleep 0.2; done; fsfreeze --unfreeze /tmp/fs");
}
