/* piped.c - an image that comes through standard input */
#include "cmd/piped.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#define CHUNK (256 * 1024) /* bytes a read */

static char *path; /* once it was taken */

bool piped_is_meant(const char *image)
{
	return image && strcmp(image, PIPED_IMAGE) == 0;
}

/* Return: a file without a name where there is room for an image, or -1. */
static int open_spool(const char *store, struct err *err)
{
	const char *chosen = getenv("TMPDIR");
	const char *const places[] = {store, chosen && *chosen ? chosen : "/tmp"};

	(void)file_make_dirs(store, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		int fd = open(places[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

		if (fd >= 0)
			return fd;
	}
	return err_errno(err, "cannot keep the image of standard input in '%s'", store);
}

static int copy(int to, struct err *err)
{
	cleanup_free char *chunk = xmalloc(CHUNK);
	bool any = false;
	ssize_t n;

	while ((n = fd_read_full(STDIN_FILENO, chunk, CHUNK)) > 0) {
		any = true;
		if (fd_write_all(to, chunk, (size_t)n) < 0)
			return err_errno(err, "cannot keep the image of standard input");
	}
	if (n < 0)
		return err_errno(err, "cannot read the image from standard input");
	return any ? 0 : err_set(err, "there is no image in standard input: it is empty");
}

/* Whoever reads standard input from now on is a person, or nobody. */
static void leave_stdin(void)
{
	cleanup_fd int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		dup2(fd, STDIN_FILENO);
}

const char *piped_image(const char *store, struct err *err)
{
	cleanup_fd int fd = -1;

	if (path)
		return path;
	if (isatty(STDIN_FILENO)) {
		err_set(err, "the image '" PIPED_IMAGE "' is standard input, which is a terminal");
		err_hint(err, "pipe one into it: docker export CONTAINER | vmtap ...");
		return NULL;
	}
	fd = open_spool(store, err);
	if (fd < 0 || copy(fd, err) < 0)
		return NULL;
	leave_stdin();
	path = xasprintf("/proc/self/fd/%d", fd_steal(&fd));
	return path;
}

void piped_name(struct err *err)
{
	cleanup_buf struct buf text = {0};
	const char *at = err ? err->text : "", *found;

	if (!path || !err)
		return;
	while ((found = strstr(at, path))) {
		buf_add(&text, at, (size_t)(found - at));
		buf_adds(&text, PIPED_IMAGE);
		at = found + strlen(path);
	}
	buf_adds(&text, at);
	snprintf(err->text, sizeof(err->text), "%s", buf_str(&text));
}
