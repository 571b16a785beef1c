/* freezing.c - having QEMU write a machine to a file that others are thawed from
 *
 * QEMU's side, and what is said on the socket, is vendor/qemu/freeze.c.
 */
#include "machine/freezing.h"

#include <errno.h>
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

int freezing_start(struct freezing *f, struct err *err)
{
	static const char request[] = "freeze";
	struct machine *m = f->machine;

	m->freezer.ready = answered;
	m->freezer.arg = f;
	if (fd_send(m->freezer.fd, request, strlen(request), f->fd) < 0)
		return err_errno(err, "QEMU of '%s' cannot be asked to freeze it", m->spec->name);
	return loop_watch(m->loop, &m->freezer, m->freezer.fd, EPOLLIN, err);
}
