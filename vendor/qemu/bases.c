/* bases.c - the files that a frozen machine is mapped from besides its own
 *
 * Which pages a machine has changed the kernel knows: a page of a private mapping
 * is the file's until it is written to, and then it is anonymous. pagemap(5) tells
 * one from the other, and /proc/self/maps which file is mapped where. How that
 * names a file is asked by mapping it: on some file systems its device is not
 * the one of fstat(2).
 */
#include "qemu/osdep.h"

#include <sys/mman.h>

#include "frozen.h"

#define LINE_MAX_BYTES (PATH_MAX + 128)

/* The line of /proc/self/maps whose mapping begins at @start. Return: whether there is one, in @line. */
static bool find_line(uintptr_t start, char *line, size_t size)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	bool found = false;

	while (maps && !found && fgets(line, (int)size, maps))
		found = strtoull(line, NULL, 16) == start;
	if (maps)
		fclose(maps);
	return found;
}

bool frozen_name_base(int fd, struct frozen_mapped *out)
{
	void *page = mmap(NULL, FROZEN_PAGE, PROT_NONE, MAP_PRIVATE, fd, 0);
	char line[LINE_MAX_BYTES];
	bool known;

	if (page == MAP_FAILED)
		return false;
	known = find_line((uintptr_t)page, line, sizeof(line)) &&
		sscanf(line, "%*s %*s %*s %23s %" SCNu64, out->device, &out->inode) == 2 && out->inode != 0;
	munmap(page, FROZEN_PAGE);
	return known;
}

uint64_t frozen_extent(int fd, uint64_t at, uint64_t end, bool *hole)
{
	off_t data = lseek(fd, (off_t)at, SEEK_DATA), next;

	*hole = data < 0 ? errno == ENXIO : (uint64_t)data >= at + FROZEN_PAGE;
	if (data < 0)
		return end; /* nothing but a hole; or a file system that does not tell */
	if (*hole)
		return MIN(end, ROUND_DOWN((uint64_t)data, FROZEN_PAGE));
	next = lseek(fd, data, SEEK_HOLE);
	return next < 0 ? end : MIN(end, ROUND_UP((uint64_t)next, FROZEN_PAGE));
}
