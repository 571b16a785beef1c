#!/usr/bin/env vmtap
/* waits.c - waiting inside the guest */
vm(m);
vm(web, .image = "build/debian12-web.tar");

test("a file that appears later is waited for") {
	m.succeed("(sleep 1; mkdir -p /run/deep/er; touch /run/deep/er/file) >/dev/null 2>&1 &");
	m.wait_for_file("/run/deep/er/file");
	m.succeed("test -e /run/deep/er/file");
}

test("a port that opens and closes later is waited for") {
	m.succeed("(sleep 1; exec nc -l -p 8080) >/dev/null 2>&1 &");
	m.wait_for_open_port(8080);
	m.succeed("(sleep 1; killall nc) >/dev/null 2>&1 &");
	m.wait_for_closed_port(8080);
}

test("a command is tried until it succeeds or fails") {
	m.succeed("(sleep 1; touch /run/now) >/dev/null 2>&1 &");
	is(m.wait_until_succeeds("test -e /run/now && echo there"), "there");
	m.succeed("(sleep 1; rm /run/now) >/dev/null 2>&1 &");
	m.wait_until_fails("cat /run/now");
}

/* Reads of the world, whose child the script's process is: it reads each message once, those of the script and those of agents. */
static long reads(void)
{
	return atol(host("read _ _ _ world _ </proc/$PPID/stat; sed -n 's/^syscr: //p' /proc/$world/io").out);
}

#define MANY 50

static void file(void) { m.wait_for_file("/proc"); }
static void port(void) { web.wait_for_open_port(80); }
static void port_on(void) { web.wait_for_open_port_on("localhost", 80); }
static void closed_port(void) { web.wait_for_closed_port(81); }
static void socket(void) { web.wait_for_open_unix_socket("/run/systemd/private"); }
static void unit(void) { web.wait_for_unit("nginx"); }
static void state(void) { web.wait_for_unit_state("nginx", "active"); }
static void success(void) { m.wait_until_succeeds("true"); }
static void failure(void) { m.wait_until_fails("false"); }

test("a wait for what is so already takes two round trips at most") {
	static void (*const waits[])(void) = {file, port, port_on, closed_port, socket, unit, state, success, failure};
	static const char *const names[] = {"file", "port", "port_on", "closed_port", "socket", "unit", "state", "success", "failure"};

	if (host("test -r /proc/self/io").status != 0)
		skip("the host's kernel counts no reads (CONFIG_TASK_IO_ACCOUNTING)");
	for (int i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		long start, idle, answers;

		waits[i]();
		start = reads();
		idle = reads() - start; /* what it takes to ask for it */
		for (int n = 0; n < MANY; n++)
			waits[i]();
		answers = reads() - start - 2 * idle - MANY; /* as many are of the script, which asked */
		ok(answers >= MANY && answers <= 2 * MANY, fmt("%s: %ld answers for %d waits", names[i], answers, MANY));
	}
}
