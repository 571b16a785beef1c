/* lean.c - free memory that is all zeros
 *
 * Theory of operation
 *
 * What is saved of a machine is all that is not zero, and free memory is full of
 * what it held before: an eighth of a kit guest's. Memory that a program is given
 * the kernel clears, and it does not change when it is given back. So a child takes
 * what is free, and ends.
 *
 * - It takes no more than has ever been in use since the last time, and some: the
 *   rest still is the zeros that the host gave. The kernel hands out what came back
 *   last first, in single pages before it breaks up large blocks, which huge pages
 *   would be. So a large guest of which little was used is not filled.
 * - It leaves more free than the kernel wants to have: nothing is reclaimed, nothing
 *   that was cached is lost. Should memory run out all the same, as other programs
 *   take some at that moment, the child is the one that the kernel kills.
 */
#include "agent/lean.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

#define KIB	  1024ull
#define PIECE	  (4096 * KIB)	  /* between two looks at what is left */
#define SPARE	  (1024 * KIB)	  /* left free, besides twice what the kernel wants */
#define SOME	  (16384 * KIB)	  /* never counted as in use: the initramfs, the kernel's own initial code */
#define LEAN_MAX  (1024 * 1024 * KIB) /* a second or two under TCG, for each of these */
#define TABLE_MAX (1 << 20)	  /* bytes of a file in /proc */

/* Return: the sum of the numbers of all lines of a file that begin with @name. */
static uint64_t sum_lines(const char *path, const char *name)
{
	cleanup_buf struct buf table = {0};
	const char *line;
	uint64_t sum = 0;
	size_t n;

	if (file_read(path, TABLE_MAX, &table, NULL) < 0)
		return 0;
	for (const char *at = buf_str(&table); text_next_line(&at, &line, &n);)
		if (text_starts(line, name))
			sum += strtoull(line + strcspn(line, " "), NULL, 10);
	return sum;
}

/* All that was ever given out. */
static uint64_t count_used(void)
{
	return sum_lines("/proc/vmstat", "pgalloc_") * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t count_free(void)
{
	return sum_lines("/proc/meminfo", "MemFree:") * KIB;
}

/* What the kernel wants to have free. */
static uint64_t count_wanted(void)
{
	cleanup_buf struct buf text = {0};

	return file_read("/proc/sys/vm/min_free_kbytes", TABLE_MAX, &text, NULL) < 0 ? 0 : strtoull(buf_str(&text), NULL, 10) * KIB;
}

static void be_killed_first(void)
{
	cleanup_fd int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)!write(fd, "1000", 4);
}

static void take(uint64_t most)
{
	const int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
	uint64_t left = 2 * count_wanted() + SPARE;

	for (uint64_t taken = 0; taken < most && count_free() > left + PIECE; taken += PIECE)
		if (mmap(NULL, PIECE, PROT_READ | PROT_WRITE, how, -1, 0) == MAP_FAILED)
			return;
}

pid_t lean_start(void)
{
	static uint64_t before;
	uint64_t used = count_used(), most = used - before + SOME;
	pid_t pid = fork();

	before = used;
	if (pid)
		return pid;
	be_killed_first();
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	take(most < LEAN_MAX ? most : LEAN_MAX);
	_exit(0);
}
