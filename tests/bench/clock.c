/* clock.c - what an hour's sleep takes on a virtual clock, in milliseconds, a line a round: "hour MS" */
vm(m, .clock = "virtual");

test("an hour", .timeout = 600) {
	int rounds = env("ROUNDS") ? atoi(env("ROUNDS")) : 10;

	m.succeed("true");
	for (int i = 0; i < rounds; i++) {
		struct timespec start, end;

		clock_gettime(CLOCK_MONOTONIC, &start);
		m.sleep(3600);
		clock_gettime(CLOCK_MONOTONIC, &end);
		printf("hour %.0f\n", (end.tv_sec - start.tv_sec) * 1e3 + (end.tv_nsec - start.tv_nsec) / 1e6);
	}
}
