/* clock.c - comparing a machine's clock with ours */
#define CLOCK_ERROR 10 /* ms: what vmtap promises when a test sees the machine, on a host that is not busy */
#define CLOCK_WIDTH 5e6	 /* ns: as exactly as the host lets us know it, but ... */
#define CLOCK_PATIENCE 20 /* s */

long long clock_here(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* A file with the time in it, so that nothing has to be run: "now at N nsecs", and what to add for each clock. */
long long clock_there(struct vm *m)
{
	const char *list = m->read_file("/proc/timer_list");
	const char *now = strstr(list, "now at "), *real = strstr(list, "ktime_get_real\n");
	const char *offset = real ? strstr(real, ".offset:") : NULL;

	ok(now && offset, "/proc/timer_list is as Linux writes it");
	return now && offset ? atoll(now + strlen("now at ")) + atoll(offset + strlen(".offset:")) : 0;
}

/*
 * The guest's clock was read between two readings of ours, which bounds how far ahead it is; the bounds of several
 * attempts together are closer. A busy host cannot make a right clock look wrong, only a wrong one hard to tell; but the
 * time that a machine is given may have been on its way for a while there.
 */
void clock_is_right(struct vm *m, const char *when, double error_ms)
{
	long long end = clock_here() + CLOCK_PATIENCE * 1000000000LL, after;
	double least = -1e18, most = 1e18;

	do {
		long long before = clock_here(), there = clock_there(m);

		after = clock_here();
		least = fmax(least, (double)(there - after));
		most = fmin(most, (double)(there - before));
	} while (most - least > CLOCK_WIDTH && after < end);
	note(fmt("%s: between %.1f and %.1f ms ahead", when, least / 1e6, most / 1e6));
	ok(least / 1e6 <= error_ms && most / 1e6 >= -error_ms, fmt("the clock is right to %.0f ms", error_ms));
}
