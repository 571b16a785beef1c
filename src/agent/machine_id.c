/* machine_id.c - machine-id(5) of a machine that was copied */
#include "agent/machine_id.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "agent/etc.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#define PERMANENT "/etc/machine-id"
#define TRANSIENT "/run/machine-id" /* systemd's, mounted read-only over PERMANENT if that cannot be written */
#define DBUS_COPY "/var/lib/dbus/machine-id"
#define ID_LENGTH 32		    /* hexadecimal digits */
#define ID_MAX	  128		    /* bytes of the file */

/* The image has an id: all machines booted from it have that one. */
static bool in_image;

/* Return: 0 with @id read, or -1: there is none, or none yet ("uninitialized"). */
static int read_id(struct buf *id)
{
	if (file_read(PERMANENT, ID_MAX, id, NULL) < 0 || id->len < ID_LENGTH)
		return -1;
	return strspn(buf_str(id), "0123456789abcdef") == ID_LENGTH ? 0 : -1;
}

void machine_id_look(void)
{
	cleanup_buf struct buf id = {0};

	in_image = read_id(&id) == 0;
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

/*
 * The journal is in a folder that has the id for its name, in /run, or in /var/log
 * where the image has /var/log/journal. journald has its files open and goes on in
 * the folder that it knows, where it will make others: the old name becomes a link.
 */
static void move_journal(const char *old, const char *new)
{
	static const char *const folders[] = {"/run/log/journal", "/var/log/journal"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		cleanup_free char *from = xasprintf("%s/%.*s", folders[i], ID_LENGTH, old);
		cleanup_free char *to = xasprintf("%s/%.*s", folders[i], ID_LENGTH, new);

		if (rename(from, to) == 0) /* else there is none */
			(void)!symlink(path_base(to), from);
	}
}

/* D-Bus may have a copy of its own: dbus-uuidgen(1) makes one of the id that it finds. A link to PERMANENT is right already. */
static void renew_dbus(const char *old, const char *new)
{
	cleanup_buf struct buf id = {0};
	cleanup_fd int fd = -1;

	if (file_read(DBUS_COPY, ID_MAX, &id, NULL) < 0 || strncmp(buf_str(&id), old, ID_LENGTH))
		return;
	fd = open(DBUS_COPY, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd >= 0)
		(void)fd_write_all(fd, new, ID_LENGTH + 1);
}

int machine_id_renew(struct err *err)
{
	cleanup_buf struct buf old = {0};
	char id[ID_LENGTH + 2];
	cleanup_fd int fd = -1;

	if (in_image || read_id(&old) < 0)
		return 0;
	if (make(id) < 0)
		return err_errno(err, "cannot make a machine-id");
	/* In place: a mount shows this very inode. */
	fd = open(PERMANENT, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		fd = open(TRANSIENT, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0 && etc_write(PERMANENT, id, ID_LENGTH + 1, err) < 0)
		return -1;
	if (fd >= 0 && fd_write_all(fd, id, ID_LENGTH + 1) < 0)
		return err_errno(err, "cannot write '%s'", PERMANENT);
	move_journal(buf_str(&old), id);
	renew_dbus(buf_str(&old), id);
	return 0;
}
