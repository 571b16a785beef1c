/* screendump.c - a picture of a machine's screen, by QMP's screendump
 *
 * QEMU writes to a file without a name, which it is handed as a set of one
 * descriptor: it needs no right to make files, and nothing is left behind.
 */
#include "machine/screendump.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "screen/picture.h"

static void release(struct screendump *s)
{
	cleanup_free char *remove = xasprintf("{\"fdset-id\":%u}", s->set);

	if (s->fd < 0)
		return;
	fd_close(&s->fd);
	qmp_forget(&s->machine->qmp, s);
	if (stream_is_open(&s->machine->qmp.stream))
		qmp_send(&s->machine->qmp, "remove-fd", remove, NULL, NULL);
}

static void drawn(void *arg, const struct json *reply, const char *error)
{
	struct screendump *s = arg;
	cleanup_free char *path = xasprintf("/proc/self/fd/%d", s->fd);
	cleanup_free char *why = error ? xasprintf("QEMU draws no picture of it: %s", error) : NULL;
	cleanup_buf struct buf ppm = {0};
	struct err err = {0};

	(void)reply;
	if (!why && file_read(path, PICTURE_PPM_MAX, &ppm, &err) < 0)
		why = xstrdup(err.text);
	release(s);
	s->done(s->arg, why ? NULL : &ppm, why);
}

static int hand_over(struct screendump *s, struct err *err)
{
	static unsigned sets = 1000000; /* those of saving.c are below */
	cleanup_free char *path = NULL;
	cleanup_fd int fd = -1;

	s->set = ++sets;
	s->fd = fd_memory("screen");
	if (s->fd < 0)
		return err_errno(err, "cannot create a file in memory");
	path = xasprintf("/proc/self/fd/%d", s->fd);
	fd = open(path, O_WRONLY | O_CLOEXEC); /* QEMU looks in the set for one that is open for writing only */
	if (fd < 0)
		return err_errno(err, "cannot open a file in memory");
	return qmp_add_fd(&s->machine->qmp, fd, s->set, err);
}

void screendump_start(struct screendump *s)
{
	cleanup_free char *arguments = NULL;
	struct err err = {0};

	if (hand_over(s, &err) < 0) {
		fd_close(&s->fd);
		s->done(s->arg, NULL, err.text);
		return;
	}
	arguments = xasprintf("{\"filename\":\"/dev/fdset/%u\"}", s->set);
	qmp_send(&s->machine->qmp, "screendump", arguments, drawn, s);
}

void screendump_abandon(struct screendump *s)
{
	release(s);
}
