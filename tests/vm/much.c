#!/usr/bin/env vmtap
/* much.c - as much output as a command may have, and many commands: what they leave behind */
vm(m);

test("32 MiB of output arrive whole, on both streams at once") {
	struct result r = m.execute("head -c 33554432 /dev/zero; head -c 33554432 /dev/zero >&2");

	is(r.status, 0);
	is(r.out_len, 33554432);
	is(r.err_len, 33554432);
	r = m.execute("head -c 20000000 /dev/zero | tr '\\0' a & head -c 20000000 /dev/zero >&2; wait");
	is(r.out_len, 20000000);
	is(strspn(r.out, "a"), 20000000);
	is(r.err_len, 20000000);
}

/* Descriptors, and KiB of memory, of the world, whose child the script's process is, and of the agent, which is process 1. */
static void measure(int found[4])
{
	const char *status = "sed -n 's/^VmData:[^0-9]*\\([0-9]*\\).*/\\1/p'";
	char *world = host(fmt("read _ _ _ w _ </proc/$PPID/stat; ls /proc/$w/fd | wc -l; %s /proc/$w/status", status)).out;
	char *agent = m.succeed(fmt("ls /proc/1/fd | wc -l; %s /proc/1/status", status));

	is(sscanf(world, "%d %d", &found[0], &found[1]), 2);
	is(sscanf(agent, "%d %d", &found[2], &found[3]), 2);
}

test("1,000 commands leave nothing behind") {
	const int world_may = env("ASAN_OPTIONS") ? 4096 : 64; /* KiB; ASan keeps what was freed */
	int before[4], after[4];

	for (int i = 0; i < 10; i++)
		m.execute("echo out; exit 1");
	measure(before);
	for (int i = 0; i < 1000; i++)
		m.execute("echo out; exit 1");
	measure(after);
	is(after[0], before[0]);
	is(after[2], before[2]);
	ok(after[1] - before[1] <= world_may, fmt("the world has %d KiB more", after[1] - before[1]));
	ok(after[3] - before[3] <= 64, fmt("the agent has %d KiB more", after[3] - before[3]));
}
