/* freezing.c - having QEMU write a machine to a file that others are thawed from
 *
 * QEMU's side, and what is said on the socket, is vendor/qemu/freeze.c.
 */
#include "machine/freezing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"

#define ANSWER_MAX 512 /* bytes of an answer */

static void answered(void *arg, uint32_t events)
{
	struct freezing *f = arg;
	struct machine *m = f->machine;
	char text[ANSWER_MAX];
	ssize_t n = recv(m->freezer.fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) { /* QEMU has ended: its exit tells why */
		loop_unwatch(m->loop, &m->freezer);
		return;
	}
	text[n] = '\0';
	if (strcmp(text, "thawed") == 0) /* it was, itself; that was said at its start */
		return;
	loop_unwatch(m->loop, &m->freezer);
	f->done(f->arg, strcmp(text, "frozen") == 0 ? NULL : text);
}

size_t freezing_bases(const struct machine *m, const char *bases[COMMAND_BASES_MAX])
{
	const struct machine_origin *o = &m->origin;
	const char *own = o->frozen ? o->frozen : o->ram;
	size_t n = 0;

	memset(bases, 0, COMMAND_BASES_MAX * sizeof(*bases));
	while (n < COMMAND_BASES_MAX && o->bases[n]) {
		bases[n] = o->bases[n];
		n++;
	}
	if (own && o->stays && n < COMMAND_BASES_MAX)
		bases[n++] = own;
	return n;
}

static int request(const struct machine *m, const char *what, int fd, struct err *err)
{
	if (fd_send(m->freezer.fd, what, strlen(what), fd) < 0)
		return err_errno(err, "QEMU of '%s' cannot be asked to freeze it", m->spec->name);
	return 0;
}

static int name_bases(const struct machine *m, struct err *err)
{
	const char *bases[COMMAND_BASES_MAX];
	size_t n = freezing_bases(m, bases);

	for (size_t i = 0; i < n; i++) {
		cleanup_fd int fd = open(bases[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return err_errno(err, "cannot open '%s'", bases[i]);
		if (request(m, "base", fd, err) < 0)
			return -1;
	}
	return 0;
}

int freezing_start(struct freezing *f, struct err *err)
{
	struct machine *m = f->machine;

	m->freezer.ready = answered;
	m->freezer.arg = f;
	if (name_bases(m, err) < 0 || request(m, "freeze", f->fd, err) < 0)
		return -1;
	return loop_watch(m->loop, &m->freezer, m->freezer.fd, EPOLLIN, err);
}
