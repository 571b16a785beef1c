/*
 * roundtrip.c - what one command costs in the Debian guest, in milliseconds
 *
 * Prints "round AGENT SHELL DRIVER" a round: the mean of succeed("true") seen from the script; of `sh -c true` in a
 * shell's loop inside the guest; of what the NixOS test driver types for one command, in a loop of the bash that it
 * keeps open. Rounds, because a machine that others use changes its speed: the three are measured next to each other.
 */
vm(m, .image = "build/debian12-web.tar");

static int count(const char *variable, int otherwise)
{
	return env(variable) ? atoi(env(variable)) : otherwise;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static double agent(int n)
{
	double start = now();

	for (int i = 0; i < n; i++)
		m.succeed("true");
	return (now() - start) / n;
}

/* /proc/uptime counts hundredths; `read` is the shell's own, so that looking at the clock starts no process. */
static double in_guest(const char *shell, const char *command, int n)
{
	const char *loop = "read a _ </proc/uptime; i=0; while [ $i -lt %d ]; do i=$((i+1)); %s >/dev/null; done; "
			   "read b _ </proc/uptime; echo $a $b";
	double a = 0, b = 0;
	char *times = m.succeed(fmt("exec %s -c %q", shell, fmt(loop, n, command)));

	ok(sscanf(times, "%lf %lf", &a, &b) == 2 && b > a);
	return (b - a) * 1e3 / n;
}

test("round trip") {
	const char *driver = "{ timeout 900 bash -c 'set -euo pipefail; true' | (base64 -w 0; echo); "
			     "echo ${PIPESTATUS[0]}; }";
	int rounds = count("ROUNDS", 10), n = count("COMMANDS", 25);

	m.wait_for_unit("default.target");
	agent(n);
	for (int i = 0; i < rounds; i++) {
		double ours = agent(n), shell = in_guest("sh", "sh -c true", n);

		printf("round %.3f %.3f %.3f\n", ours, shell, in_guest("bash", driver, n / 5));
	}
}
