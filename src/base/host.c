/* host.c - what this machine is and may use: its kernel, processors and memory, cgroup limits honoured
 *
 * Limits are read from the process's own group up to the root: every level may
 * set one. In a container the path that /proc/self/cgroup names may not be
 * there, but the root of what is mounted then is the container's own group.
 *
 * Version 2 has one tree for all controllers, version 1 one for each; on a
 * hybrid system the limits are in the trees of version 1.
 */
#include "base/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/oldest.h"
#include "base/text.h"

#define SMALL_FILE 65536 /* bytes of a file in /proc or /sys */
#define MIB	   (1024 * 1024)
#define MOUNT	   "/sys/fs/cgroup"

/* ---- the kernel ---- */

int host_kernel_is_new_enough(const char *release)
{
	int major = 0, minor = 0, old_major = 0, old_minor = 0;

	if (sscanf(release, "%d.%d", &major, &minor) != 2)
		return 1; /* whatever it is, it goes by another count */
	sscanf(OLDEST_KERNEL, "%d.%d", &old_major, &old_minor);
	return major > old_major || (major == old_major && minor >= old_minor);
}

int host_random(void *out, size_t n)
{
	cleanup_fd int fd = -1;

	if (getrandom(out, n, 0) == (ssize_t)n)
		return 0;
	fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	errno = EIO; /* should it end */
	return fd_read_full(fd, out, n) == (ssize_t)n ? 0 : -1;
}

static char *find_fault(void)
{
	struct utsname u;
	char byte;

	if (uname(&u) == 0 && !host_kernel_is_new_enough(u.release))
		return xasprintf("this is Linux %s, and machines need " OLDEST_KERNEL
				 " or newer\nrun vmtap on a host with a newer kernel", u.release);
	if (host_random(&byte, 1) < 0) /* QEMU does not start without it, and says less */
		return xstrdup("there are no random bytes here: neither getrandom(), which Linux has since 3.17, nor "
			       "/dev/urandom\na root without a /dev needs that one file in it on a kernel this old");
	return NULL;
}

const char *host_fault(void)
{
	static char *fault;
	static bool known;

	if (!known)
		fault = find_fault();
	known = true;
	return fault;
}

/* ---- what the files of /proc and /sys say ---- */

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

/* Whether a comma-separated list, @n bytes long, has a word. */
static bool has_word(const char *list, size_t n, const char *word)
{
	for (size_t at = 0; at < n; at += strcspn(list + at, ",:") + 1)
		if (strncmp(list + at, word, strlen(word)) == 0 && strchr(",:", list[at + strlen(word)]))
			return true;
	return false;
}

char *host_cgroup_path(const char *text, const char *controller)
{
	const char *line;
	size_t n;

	while (text_next_line(&text, &line, &n)) {
		const char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;

		if (!path)
			return NULL;
		list++;
		path++;
		if (controller ? has_word(list, (size_t)(path - list - 1), controller) : list[0] == ':')
			return xstrndup(path, strcspn(path, "\n"));
	}
	return NULL;
}

/* ---- the levels ---- */

static int read_in(const char *dir, const char *name, struct buf *text)
{
	cleanup_free char *path = path_join(dir, name);

	return file_read(path, SMALL_FILE, text, NULL);
}

static long long number_in(const char *dir, const char *name)
{
	cleanup_buf struct buf text = {0};

	return read_in(dir, name, &text) < 0 ? -1 : strtoll(buf_str(&text), NULL, 10);
}

/* Call @see for every level of one tree. @controller: of version 1, or NULL. */
static void each_level(const char *root, const char *controller, void (*see)(const char *dir, long *least), long *least)
{
	cleanup_buf struct buf groups = {0};
	cleanup_free char *self = xasprintf("%s/proc/self/cgroup", root), *path = NULL, *dir = NULL;
	size_t top;

	if (file_read(self, SMALL_FILE, &groups, NULL) < 0)
		return;
	path = host_cgroup_path(buf_str(&groups), controller);
	if (!path)
		return;
	path[strcmp(path, "/") ? strlen(path) : 0] = '\0'; /* the root is one level, not two */
	dir = xasprintf("%s" MOUNT "%s%s%s", root, controller ? "/" : "", controller ? controller : "", path);
	top = strlen(dir) - strlen(path);
	while (strlen(dir) >= top) {
		see(dir, least);
		if (strlen(dir) == top)
			break;
		*strrchr(dir, '/') = '\0';
	}
}

/* ---- processors ---- */

static void see_quota(const char *dir, long *least)
{
	cleanup_buf struct buf text = {0};
	cleanup_free char *v1 = NULL;
	int cpus;

	if (read_in(dir, "cpu.max", &text) < 0) {
		v1 = xasprintf("%lld %lld", number_in(dir, "cpu.cfs_quota_us"), number_in(dir, "cpu.cfs_period_us"));
		buf_adds(&text, v1);
	}
	cpus = host_cgroup_cpus(buf_str(&text));
	if (cpus && cpus < *least)
		*least = cpus;
}

int host_cpus_in(const char *root, int cpus)
{
	long least = cpus > 0 ? cpus : 1;

	each_level(root, NULL, see_quota, &least);
	each_level(root, "cpu", see_quota, &least);
	return (int)least;
}

int host_cpus(void)
{
	cpu_set_t set;

	return host_cpus_in("", sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1);
}

/* ---- memory ---- */

/* Bytes of a group's memory that are files which the kernel drops when it needs room: a full page cache is no use. */
static long long droppable(const char *dir, const char *field)
{
	cleanup_buf struct buf stat = {0};
	const char *p;

	if (read_in(dir, "memory.stat", &stat) < 0)
		return 0;
	p = strstr(buf_str(&stat), field);
	return p ? strtoll(p + strlen(field), NULL, 10) : 0;
}

static void see_room(long long limit, long long used, long *least)
{
	long long room;

	if (limit <= 0 || used < 0)
		return;
	room = (limit - used) / MIB;
	if (room < *least)
		*least = room > 0 ? (long)room : 1;
}

static void see_memory(const char *dir, long *least)
{
	see_room(number_in(dir, "memory.max"), number_in(dir, "memory.current") - droppable(dir, "inactive_file "),
		 least);
}

static void see_memory_v1(const char *dir, long *least)
{
	see_room(number_in(dir, "memory.limit_in_bytes"),
		 number_in(dir, "memory.usage_in_bytes") - droppable(dir, "total_inactive_file "), least);
}

long host_memory_mib_in(const char *root)
{
	cleanup_free char *path = xasprintf("%s/proc/meminfo", root);
	cleanup_buf struct buf text = {0};
	long least = -1;

	if (file_read(path, SMALL_FILE, &text, NULL) == 0)
		least = host_meminfo_mib(buf_str(&text), "MemAvailable");
	if (least < 0)
		least = LONG_MAX;
	each_level(root, NULL, see_memory, &least);
	each_level(root, "memory", see_memory_v1, &least);
	return least == LONG_MAX ? 0 : least;
}

long host_memory_mib(void)
{
	return host_memory_mib_in("");
}
