#!/usr/bin/env vmtap
/* control.c - machines that stand still, lose their carrier, switch themselves off */
net(lan);
net(wan);
vm(m, .nets = {&lan, &wan});
vm(other, .nets = {&lan, &wan});

static int carrier(const char *ip)
{
	return atoi(m.succeed(fmt("cat /sys/class/net/$(ip -o addr | grep -F 'inet %s/' | sed 's/^[0-9]*: *//; s/ .*//')/carrier", ip)));
}

test("a link goes down and up again, and the other one stays") {
	start_all();
	m.link_down(&lan);
	retry(60) is(carrier(m.ip(&lan)), 0);
	is(carrier(m.ip(&wan)), 1);
	other.fail(fmt("ping -c 1 -W 1 %s", m.ip(&lan)));
	other.succeed(fmt("ping -c 1 %s", m.ip(&wan)));
	m.link_up(&lan);
	retry(60) is(carrier(m.ip(&lan)), 1);
	other.wait_until_succeeds(fmt("ping -c 1 -W 1 %s", m.ip(&lan)));
}

test("all of its links") {
	m.block();
	retry(60) is(carrier(m.ip(&lan)) + carrier(m.ip(&wan)), 0);
	m.unblock();
	retry(60) is(carrier(m.ip(&lan)) + carrier(m.ip(&wan)), 2);
}

test("a paused machine stands still, and goes on where it was") {
	struct job *j = m.spawn("i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); done; echo end");

	m.pause();
	m.pause();
	ok(m.is_up());
	like(m.monitor("info status"), "paused");
	m.resume();
	ok(contains(job_wait(j).out, "end\n"));
	m.succeed("true");
}

test("time passes by its own clock") {
	double before = atof(m.succeed("cut -d ' ' -f 1 /proc/uptime"));

	m.sleep(1.5);
	ok(atof(m.succeed("cut -d ' ' -f 1 /proc/uptime")) - before > 1.489);
}

test("its own poweroff is waited for, and start() boots it again") {
	m.spawn("sleep 1; poweroff");
	m.wait_for_shutdown();
	ok(!m.is_up());
	m.wait_for_shutdown();
	join_all();
	m.start();
	m.succeed("true");
}

static bool serves(void)
{
	return m.execute("test ! -e /run/broken").status == 0;
}

test("what must hold always is looked at between the calls") {
	always(serves)
		m.succeed("true");
	is(eventually(serves(), 5), true);
}
