/* virtual_clock.c - sleep(), and a clock that jumps to the next timer when nothing runs */
vm(m, .clock = "virtual");
vm(web, .image = "build/debian12-web.tar", .clock = "virtual");
vm(other);

static long seconds(struct vm *vm)
{
	return atol(vm->succeed("date +%s"));
}

/* The limit of the test is what holds, its machine's boot included: an hour of the host would be too long. */
test("an hour of a virtual clock passes within seconds", .timeout = 600)
{
	long before = seconds(&m);

	m.sleep(3600);
	ok(seconds(&m) - before >= 3600);
	ok(seconds(&m) - before < 2 * 3600);
	like(m.succeed("time -p sleep 1000 2>&1"), "real 100[0-9]\\.");
}

test("a timer that is due in a day elapses", .timeout = 1000)
{
	web.succeed("systemd-run --on-active=1d --timer-property=AccuracySec=1s touch /run/elapsed");
	web.fail("test -e /run/elapsed");
	web.sleep(86400 + 60);
	web.wait_for_file("/run/elapsed");
}

test("sleep() is the guest's time on any clock")
{
	double before = atof(other.succeed("cut -d' ' -f1 /proc/uptime"));

	other.sleep(1.5);
	ok(atof(other.succeed("cut -d' ' -f1 /proc/uptime")) - before > 1.489);
	other.sleep(0);
}
