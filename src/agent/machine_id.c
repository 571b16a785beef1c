/* machine_id.c - machine-id(5) of a machine that was copied */
#include "agent/machine_id.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#define TRANSIENT  "/run/machine-id" /* systemd's, bind-mounted over PERMANENT */
#define PERMANENT  "/etc/machine-id"
#define ID_LENGTH  32 /* hexadecimal digits */
#define MOUNTS_MAX (1 << 20)

/* The id was made up at boot: systemd mounted its own file over the image's. */
static bool is_transient(void)
{
	cleanup_buf struct buf mounts = {0};

	return file_exists(TRANSIENT) && file_read("/proc/self/mounts", MOUNTS_MAX, &mounts, NULL) == 0 &&
	       strstr(buf_str(&mounts), " " PERMANENT " ");
}

/* Random version 4 UUID without dashes, as systemd makes them. */
static int make(char id[ID_LENGTH + 2])
{
	unsigned char bytes[ID_LENGTH / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -1;
	bytes[6] = (bytes[6] & 0x0F) | 0x40;
	bytes[8] = (bytes[8] & 0x3F) | 0x80;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	strcpy(id + ID_LENGTH, "\n");
	return 0;
}

static void move_journal(const char *old, const char *new)
{
	cleanup_free char *from = xasprintf("/run/log/journal/%.*s", ID_LENGTH, old);
	cleanup_free char *to = xasprintf("/run/log/journal/%.*s", ID_LENGTH, new);

	/* journald has its file open, and what is not there cannot be moved: no error either way */
	(void)!rename(from, to);
}

int machine_id_renew(struct err *err)
{
	cleanup_buf struct buf old = {0};
	char id[ID_LENGTH + 2];
	cleanup_fd int fd = -1;

	if (!is_transient())
		return 0;
	if (file_read(PERMANENT, 128, &old, err) < 0)
		return -1;
	if (make(id) < 0)
		return err_errno(err, "cannot make a machine-id");
	/* In place: the mount shows this very inode. */
	fd = open(TRANSIENT, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		fd = open(PERMANENT, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0 || fd_write_all(fd, id, ID_LENGTH + 1) < 0)
		return err_errno(err, "cannot write '%s'", PERMANENT);
	if (old.len >= ID_LENGTH)
		move_journal(buf_str(&old), id);
	return 0;
}
