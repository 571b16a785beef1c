#!/usr/bin/env vmtap
/* forwards.c - ports of the host that are ports of a machine: each direction, many clients, and the end of either side */
net(alone);
vm(m, .nets = { &alone });
vm(other);

#define CLIENT "$s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $p) or die \"$!\\n\"; "
#define TO_THE_END "{ local $/; $u = <$s> // '' } "

/* What a program of the host prints that has a port as $p. */
static char *perl(int port, const char *program)
{
	struct result r = host(fmt("perl -MIO::Socket::INET -MPOSIX -e '$p = shift;' -e %q %d", program, port));

	is(r.err, "");
	is(r.status, 0);
	return r.out;
}

static void listen_on(int guest)
{
	m.succeed(fmt("nc -ll -p %d -e cat >/dev/null 2>&1 &", guest)); /* no job, which a restore() would end */
	m.wait_for_open_port(guest);
}

static int echoes(int guest)
{
	int port = m.forward_port(0, guest);

	listen_on(guest);
	return port;
}

static void check_echo(int port)
{
	is(perl(port, CLIENT "print $s 'hello'; shutdown $s, 1; print while <$s>"), "hello");
}

/* ECONNRESET, as a client sees it. */
static void check_reset(int port)
{
	is(perl(port, CLIENT "$! = 0; $n = sysread $s, $u, 1; print defined $n ? 'an end' : $! == ECONNRESET ? 'reset' : $!"),
	   "reset");
}

test("a client that has said all hears the answer, be it longer than all windows", .timeout = 300) {
	int port = echoes(7);

	check_echo(port);
	is(perl(port, CLIENT "$t = join '', map { chr(65 + $_ % 26) x 997 } 1 .. 3000; if (!fork) { print $s $t; shutdown $s, 1; _exit 0 } "
		      TO_THE_END "print $u eq $t ? 'same' : 'another'"), "same");
	/* All of them are there at the same time. nc has room for two that it has not taken: each is heard before the next. */
	is(perl(port, "for (1 .. 40) { " CLIENT "push @s, $s; print $s \"$_\\n\"; $s->flush; $sum += <$s> } "
		      "for $s (reverse @s) { print $s \"1000\"; shutdown $s, 1; " TO_THE_END "$sum += $u } print $sum"), "40820");
	/* A server that speaks first, and ends first. */
	m.spawn("nc -ll -p 8 -e echo first");
	m.wait_for_open_port(8);
	is(perl(m.forward_port(0, 8), CLIENT TO_THE_END "print $u"), "first\n");
}

static void check_page(const char *address, int guest)
{
	m.spawn(fmt("httpd -f -h /srv -p %s:%d", address, guest));
	m.wait_for_open_port(guest);
	like(perl(m.forward_port(0, guest), CLIENT "print $s \"GET /page HTTP/1.0\\r\\n\\r\\n\"; " TO_THE_END "print $u"), "^found$");
}

test("a server is found on whatever address of its machine it listens", .timeout = 300) {
	m.write_file("/srv/page", "found\n");
	check_page(m.ip(NULL), 7);
	check_page("127.0.0.1", 8);
	check_page("[::1]", 9);
}

test("a client that nobody serves is reset, and so is one whose machine goes", .timeout = 300) {
	int port = m.forward_port(0, 7);

	check_reset(port);
	listen_on(7);
	check_echo(port);
	m.crash();
	check_reset(port);
	m.start();
	listen_on(7);
	check_echo(port);
}

test("what is saved has no clients, and serves new ones when it is restored", .timeout = 300) {
	int port = echoes(7);
	struct job *server = m.spawn("nc -l -p 9 -e cat"); /* nc itself may wait for the end of its standard input, too */

	m.wait_for_open_port(9);
	/* A client that stays when the command has ended, until it is reset. */
	host(fmt("{ setsid perl -MIO::Socket::INET -e %q %d 2>/dev/null & } | head -n 1",
		 "$p = shift; $| = 1; " CLIENT "print \"there\\n\"; alarm 100; sysread $s, $u, 1", m.forward_port(0, 9)));
	m.wait_until_succeeds("grep -q ':0009 01 ' /proc/net/tcp");
	m.save("here");
	job_wait(server); /* its client has gone */
	check_echo(port);
	m.restore("here");
	check_echo(port);
}

test("two ports of the host may lead to one of the guest", .timeout = 300) {
	int port = echoes(7);

	check_echo(m.forward_port(0, 7));
	check_echo(port);
}
