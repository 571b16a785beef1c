/* host.c - what this machine may use: processors and memory, cgroup limits honoured
 *
 * Only cgroup v2 is read, from the process's own group up to the root: every
 * level may set a limit. A v1 system is bounded by its processors and memory.
 */
#include "base/host.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#define SMALL_FILE 65536 /* bytes of a file in /proc or /sys */

int host_cgroup_cpus(const char *text)
{
	long quota, period;

	if (sscanf(text, "%ld %ld", &quota, &period) != 2 || quota <= 0 || period <= 0)
		return 0;
	return (int)((quota + period - 1) / period);
}

long host_meminfo_mib(const char *text, const char *field)
{
	const char *p = strstr(text, field);

	if (!p || p[strlen(field)] != ':')
		return -1;
	return strtol(p + strlen(field) + 1, NULL, 10) / 1024;
}

/* Return: this process's folder below /sys/fs/cgroup, which the caller frees, or NULL. */
static char *own_cgroup(void)
{
	cleanup_buf struct buf text = {0};
	const char *p;

	if (file_read("/proc/self/cgroup", SMALL_FILE, &text, NULL) < 0)
		return NULL;
	p = strstr(buf_str(&text), "0::/");
	return p ? xasprintf("/sys/fs/cgroup%.*s", (int)strcspn(p + 3, "\n"), p + 3) : NULL;
}

/* Call @see with the text of file @name at every level, from our group to the root. */
static void each_level(const char *name, void (*see)(const char *dir, const char *text, void *arg), void *arg)
{
	cleanup_free char *dir = own_cgroup();

	while (dir && strlen(dir) >= strlen("/sys/fs/cgroup")) {
		cleanup_free char *path = path_join(dir, name);
		cleanup_buf struct buf text = {0};
		char *slash = strrchr(dir, '/');

		if (file_read(path, SMALL_FILE, &text, NULL) == 0)
			see(dir, buf_str(&text), arg);
		*slash = '\0';
	}
}

static void see_cpus(const char *dir, const char *text, void *arg)
{
	int *least = arg;
	int cpus = host_cgroup_cpus(text);

	(void)dir;
	if (cpus && cpus < *least)
		*least = cpus;
}

int host_cpus(void)
{
	cpu_set_t set;
	int cpus = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	each_level("cpu.max", see_cpus, &cpus);
	return cpus > 0 ? cpus : 1;
}

/* Room left at one level: its limit less what it uses. */
static void see_memory(const char *dir, const char *text, void *arg)
{
	long *least = arg;
	cleanup_free char *path = path_join(dir, "memory.current");
	cleanup_buf struct buf used = {0};
	long long limit = strtoll(text, NULL, 10);

	if (limit <= 0 || file_read(path, SMALL_FILE, &used, NULL) < 0)
		return;
	limit = (limit - strtoll(buf_str(&used), NULL, 10)) / (1024 * 1024);
	if (limit < *least)
		*least = limit > 0 ? (long)limit : 1;
}

long host_memory_mib(void)
{
	cleanup_buf struct buf text = {0};
	long least = -1;

	if (file_read("/proc/meminfo", SMALL_FILE, &text, NULL) == 0)
		least = host_meminfo_mib(buf_str(&text), "MemAvailable");
	if (least < 0)
		least = LONG_MAX;
	each_level("memory.max", see_memory, &least);
	return least == LONG_MAX ? 0 : least;
}
