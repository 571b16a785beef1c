/* waits.c - what waits take, in milliseconds, a line a round: "command MS", "file MS", "port MS", "opens MS" */
vm(m, .image = "../../build/debian12-web.tar");

#define MANY 100

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int rounds(void)
{
	return env("ROUNDS") ? atoi(env("ROUNDS")) : 10;
}

test("what holds already") {
	m.wait_for_unit("nginx");
	for (int round = 0; round < rounds(); round++) {
		double start = now();

		m.succeed("true");
		printf("command %.2f\n", now() - start);
		start = now();
		for (int i = 0; i < MANY; i++)
			m.wait_for_file("/proc");
		printf("file %.2f\n", (now() - start) / MANY);
		start = now();
		for (int i = 0; i < MANY; i++)
			m.wait_for_open_port(80);
		printf("port %.2f\n", (now() - start) / MANY);
	}
}

/* From listen(2) until the script goes on, by the guest's clock; the way back to it is counted, too. */
static const char opener[] =
	"use Socket; use Time::HiRes qw(time sleep);\n"
	"socket(my $s, PF_INET, SOCK_STREAM, 0) or die; bind($s, sockaddr_in($ARGV[0], INADDR_LOOPBACK)) or die;\n"
	"sleep(0.3 + rand(0.5)); listen($s, 5); my $then = time; <STDIN>; printf \"opens %.2f\\n\", 1000 * (time() - $then);\n";

test("a port that opens", .timeout = 600) {
	m.write_file("/tmp/opener", opener);
	for (int round = 0; round < rounds(); round++) {
		struct job *j = m.spawn(fmt("perl /tmp/opener %d", 5000 + round));

		m.wait_for_open_port(5000 + round);
		job_write(j, "\n");
		printf("%s", job_wait(j).out);
	}
}
