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

test("a megabyte of output arrives whole, on both streams at once") {
	struct result r = m.execute("head -c 1048576 /dev/zero; head -c 1048576 /dev/zero >&2");

	is(r.status, 0);
	is(r.out_len, 1048576);
	is(r.err_len, 1048576);
	r = m.execute("head -c 1000000 /dev/zero | tr '\\0' a & head -c 1000000 /dev/zero >&2; wait");
	is(r.out_len, 1000000);
	is(strspn(r.out, "a"), 1000000);
	is(r.err_len, 1000000);
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
