/* screens.c - what a look at a screen takes, in milliseconds, a line a round: "screenshot MS", "text MS" */
vm(m, .display = 1);

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

test("screens") {
	int rounds = env("ROUNDS") ? atoi(env("ROUNDS")) : 10;

	m.succeed("dmesg | head -n 40 >/dev/tty1");
	for (int i = 0; i < rounds; i++) {
		double start = now();

		m.screenshot(env("PICTURE"));
		printf("screenshot %.2f\n", now() - start);
		start = now();
		m.screen_text();
		printf("text %.2f\n", now() - start);
	}
}
