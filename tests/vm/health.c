#!/usr/bin/env vmtap
/* health.c - a test whose machines are not well at its end fails, unless it allows that */
vm(m);
vm(web, .image = "build/debian12-web.tar");

/* More than the machine has; the kernel ends it. */
static const char *const eat = "tail /dev/zero";

static const char *const crash = "kill -SEGV $$";

test("a process that the kernel kills for want of memory", .xfail = "it is told") {
	m.execute(eat);
}

test("the same, allowed", .health = "units, oom") {
	m.execute(eat);
}

test("what a program writes to the kernel's log is no fault of the kernel") {
	m.succeed("echo '<0>BUG: unable to handle page fault' >/dev/kmsg; echo 'Out of memory: Killed process 1' >/dev/kmsg");
}

test("a program that a signal ends on purpose has not crashed") {
	m.execute(crash);
}

static void break_a_unit(void)
{
	web.write_file("/run/systemd/system/broken.service",
		       "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo I am broken; exit 3'\n");
	web.succeed("systemctl daemon-reload");
	web.fail("systemctl start broken");
}

test("a unit that fails", .xfail = "it is told") {
	break_a_unit();
}

test("a unit that fails, allowed", .health = "units") {
	break_a_unit();
}

test("the look at units has a connection to systemd, until that has much to say on it") {
	const char *count = "grep -c ' 03 *[0-9]* /run/systemd/private' /proc/net/unix || true";

	is(web.succeed(count), "1");
	web.succeed("for i in 1 2 3 4 5; do systemctl daemon-reload; done");
	web.wait_until_succeeds("! grep ' 03 *[0-9]* /run/systemd/private' /proc/net/unix");
}

test("a unit that failed and was reset is well") {
	break_a_unit();
	web.succeed("systemctl reset-failed broken");
}
