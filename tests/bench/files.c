/* files.c - how fast files go in and out, a forwarded port, and what waits cost; by hand, with nothing else running */
vm(m, .memory = 1024);

#define MB	 100
#define FILES	 2000
#define COMMANDS 1000

static double begun;

static void begin(void)
{
	struct timespec t;

	clock_gettime(1, &t);
	begun = t.tv_sec + t.tv_nsec / 1e9;
}

static double seconds(void)
{
	double before = begun;

	begin();
	return begun - before;
}

setup {
	m.succeed("mount -t tmpfs none /mnt");
	host("mkdir -p build/bench/many; head -c 100000000 /dev/urandom >build/bench/big; "
	     "for i in $(seq 2000); do head -c 1000 /dev/urandom >build/bench/many/$i; done");
}

test("files", .timeout = 600) {
	for (int i = 0; i < 2; i++) {
		begin();
		m.copy_from_host("build/bench/big", "/mnt/big");
		note(fmt("in: %.0f MB/s", MB / seconds()));
		m.copy_from_machine("/mnt/big", "build/bench/back");
		note(fmt("out: %.0f MB/s", MB / seconds()));
	}
	is(host("cmp build/bench/big build/bench/back").status, 0);
	begin();
	m.copy_from_host("build/bench/many", "/mnt/many");
	note(fmt("in: %.0f files/s", FILES / seconds()));
	m.copy_from_machine("/mnt/many", "build/bench/many-back");
	note(fmt("out: %.0f files/s", FILES / seconds()));
	m.succeed("head -c 30000000 /mnt/big >/mnt/part");
	begin();
	size_t n;
	char *part = m.read_bytes("/mnt/part", &n);
	note(fmt("read_bytes: %.0f MB/s", n / 1e6 / seconds()));
	for (int i = 0; i < 30; i++)
		m.write_bytes("/mnt/part", part + i, 990000);
	note(fmt("write_bytes: %.0f MB/s", 30 * 0.99 / seconds()));
}

test("a forwarded port", .timeout = 600) {
	int port = m.forward_port(0, 7);
	const char *to = fmt("$s = IO::Socket::INET->new(PeerAddr => \"127.0.0.1\", PeerPort => %d) or die $!;", port);

	m.spawn("nc -ll -p 7 -e cat");
	m.wait_for_open_port(7);
	begin();
	is(host(fmt("perl -MIO::Socket::INET -e '%s $b = \"x\" x 65536; if (!fork) { print $s $b for 1 .. 320; shutdown $s, 1; exit } "
		    "while (sysread $s, $b, 65536) {}'", to)).status, 0);
	note(fmt("there and back: %.0f MB/s", 320 * 65536 / 1e6 / seconds()));
	is(host(fmt("perl -MIO::Socket::INET -e '%s for (1 .. 1000) { syswrite $s, \"x\"; sysread $s, $b, 1 }'", to)).status, 0);
	note(fmt("a byte there and back: %.2f ms", seconds()));
}

test("waits and commands", .timeout = 600) {
	m.succeed("(exec nc -ll -p 7 -e cat) >/dev/null 2>&1 & true");
	m.wait_for_open_port(7);
	begin();
	for (int i = 0; i < COMMANDS; i++)
		m.wait_for_open_port(7);
	note(fmt("a wait for a port that is open: %.2f ms", seconds() * 1000 / COMMANDS));
	for (int i = 0; i < COMMANDS; i++)
		m.wait_for_file("/proc");
	note(fmt("a wait for a file that is there: %.2f ms", seconds() * 1000 / COMMANDS));
	for (int i = 0; i < COMMANDS; i++)
		m.succeed("true");
	note(fmt("a command: %.2f ms", seconds() * 1000 / COMMANDS));
	for (int i = 0; i < 5; i++) {
		m.spawn(fmt("sleep 0.%d1; cut -d ' ' -f 1 /proc/uptime >/tmp/at; exec nc -l -p %d", i + 3, 81 + i));
		m.wait_for_open_port(81 + i);
		m.succeed("cut -d ' ' -f 1 /proc/uptime >/tmp/seen");
		note(fmt("a port that opens, and two programs that start: %.0f ms", 1000 * (atof(m.read_file("/tmp/seen")) - atof(m.read_file("/tmp/at")))));
	}
}
