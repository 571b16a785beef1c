/* generation.c - a number that tells a machine from all others that went on from the same state */
#include "agent/generation.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

static char text[2 * WIRE_GENERATION_BYTES + 2]; /* "" before the first */
static int fd = -1; /* open for good: a copy need not look for the file */

static bool is_there(void)
{
	struct stat own, named;

	return fd >= 0 && fstat(fd, &own) == 0 && stat(GENERATION_FILE, &named) == 0 && own.st_ino == named.st_ino &&
	       own.st_dev == named.st_dev;
}

static int write_number(void)
{
	return pwrite(fd, text, strlen(text), 0) == (ssize_t)strlen(text) ? 0 : -1;
}

int generation_keep(void)
{
	cleanup_free char *dir = path_dir(GENERATION_FILE);

	if (!*text || is_there())
		return 0;
	fd_close(&fd);
	(void)file_make_dirs(dir, NULL);
	fd = open(GENERATION_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0444);
	return write_number();
}

int generation_renew(const char *bytes)
{
	for (size_t i = 0; i < WIRE_GENERATION_BYTES; i++)
		snprintf(text + 2 * i, 4, "%02x\n", (unsigned char)bytes[i]);
	return fd < 0 ? generation_keep() : write_number();
}
