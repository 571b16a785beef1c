/* limits.c - what a child that runs the code of a script may use */
#include "script/limits.h"

#include <stdio.h>
#include <unistd.h>

void limits_lower(int resource, rlim_t value)
{
	struct rlimit l;

	if (getrlimit(resource, &l) == 0 && l.rlim_cur > value) { /* RLIM_INFINITY is the largest number */
		l.rlim_cur = value;
		setrlimit(resource, &l);
	}
}

void limits_raise(int resource, rlim_t more)
{
	struct rlimit l;

	if (getrlimit(resource, &l) == 0 && l.rlim_cur != RLIM_INFINITY) {
		l.rlim_cur = l.rlim_max - l.rlim_cur > more ? l.rlim_cur + more : l.rlim_max;
		setrlimit(resource, &l);
	}
}

struct limits_memory limits_memory(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long space = 0, data = 0;

	if (!f)
		return (struct limits_memory){0};
	if (fscanf(f, "%lu %*u %*u %*u %*u %lu", &space, &data) != 2) /* proc(5) */
		space = data = 0;
	fclose(f);
	return (struct limits_memory){space * page, data * page};
}
