/* ocr.c - reading the text of a picture with tesseract(1), beside all else */
#include "world/ocr.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/proc.h"

char *ocr_find(void)
{
	return proc_find(OCR_PROGRAM);
}

void ocr_stop(struct ocr *o)
{
	if (o->pid) {
		proc_end(o->pid, o->pidfd, NULL);
		fd_close(&o->pidfd);
	}
	o->pid = 0;
	stream_close(&o->out);
	buf_free(&o->text);
}

static void received(void *arg)
{
	struct ocr *o = arg;

	if (o->text.len < OCR_TEXT_MAX)
		buf_add(&o->text, o->out.in.data, o->out.in.len);
	buf_clear(&o->out.in);
}

/* The end of its output is that of its work; how it exits tells whether it has done any. */
static void ended(void *arg, const char *why)
{
	struct ocr *o = arg;
	bool good = proc_ends_well(o->pid, o->pidfd, PROC_END_MS);
	struct buf text = o->text;

	(void)why;
	o->text = (struct buf){0};
	o->pid = 0;
	fd_close(&o->pidfd);
	stream_close(&o->out);
	o->done(o->arg, good ? &text : NULL, good ? NULL : OCR_PROGRAM " failed");
	buf_free(&text);
}

/* Return: a file in memory with the picture, at its start; -1 with errno. */
static int picture_file(const struct picture *p)
{
	cleanup_buf struct buf pgm = {0};
	int fd = fd_memory("screen");

	picture_write_pgm(p, &pgm);
	if (fd >= 0 && fd_pwrite_all(fd, pgm.data, pgm.len, 0) < 0)
		fd_close(&fd);
	return fd;
}

int ocr_start(struct ocr *o, struct loop *l, const char *program, const struct picture *p, struct err *err)
{
	char *argv[] = {(char *)program, "stdin", "stdout", "--psm", "11", NULL}; /* 11: text anywhere, in no order */
	cleanup_fd int in = picture_file(p), theirs = -1;
	int fds[2];

	if (in < 0 || pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "cannot run " OCR_PROGRAM);
	theirs = fds[1];
	o->out = (struct stream){.received = received, .lost = ended, .arg = o};
	o->pid = proc_start(&(struct proc_spec){.path = program, .argv = argv, .fds = {{in, 0}, {theirs, 1}}, .nfds = 2}, &o->pidfd, err);
	if (o->pid < 0) {
		o->pid = 0;
		close(fds[0]);
		return -1;
	}
	if (stream_open(&o->out, l, fds[0], err) == 0)
		return 0;
	ocr_stop(o);
	return -1;
}
