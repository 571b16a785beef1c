/* states.c - what save() and restore() take, in milliseconds: "save MS" and "restore MS" a round */
vm(m);

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

test("states") {
	int rounds = env("ROUNDS") ? atoi(env("ROUNDS")) : 10;

	m.succeed("true");
	for (int i = 0; i < rounds; i++) {
		double start = now();

		m.save("a");
		printf("save %.2f\n", now() - start);
		start = now();
		m.restore("a");
		printf("restore %.2f\n", now() - start);
		m.succeed("true");
	}
}
