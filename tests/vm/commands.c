#!/usr/bin/env vmtap
/* commands.c - running commands in the kit guest */
vm(m);

test("output, errors and exit status are kept apart") {
	struct result r = m.execute("echo out; echo err >&2; exit 3");

	is(r.status, 3);
	is(r.signal, 0);
	is(r.out, "out\n");
	is(r.err, "err\n");
	ok(r.seconds > 0);
}

test("a signal is told from an exit status") {
	struct result r = m.execute("kill -TERM $$");

	is(r.status, 0);
	is(r.signal, SIGTERM);
}

test("output of any bytes arrives whole") {
	struct result r = m.execute("printf 'a\\000b\\377\\n'");

	is(r.out_len, 5);
	ok(memcmp(r.out, "a\0b\377\n", 5) == 0);
	is(m.execute("head -c 3000000 /dev/zero").out_len, 3000000);
}

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

test("succeed gives output as $(...) does") {
	is(m.succeed("printf 'two\\nlines\\n\\n'"), "two\nlines");
	is(m.succeed("true"), "");
	is(m.fail("echo no; false"), "no");
}

test("a long command is passed on") {
	char *cmd = malloc(400000);

	memset(cmd, ' ', 400000);
	memcpy(cmd, "echo long", 9);
	cmd[399999] = '\0';
	is(m.succeed(cmd), "long");
}

test("a background child does not hold a command up") {
	struct result r = m.execute("sleep 60 & echo started");

	is(r.out, "started\n");
	ok(r.seconds < 30);
}

test("arguments are quoted by %q") {
	is(m.succeed(fmt("printf %%s %q", "it's \"$HOME\"")), "it's \"$HOME\"");
}

test("commands run as root with a sane environment") {
	is(m.succeed("id -u"), "0");
	is(m.succeed("echo $HOME"), "/root");
	like(m.succeed("echo $PATH"), "/usr/sbin:/usr/bin");
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
