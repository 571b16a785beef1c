/* fuzz_qmp.c - any bytes as what QEMU says on its control socket, with commands in flight */
#include "fuzz.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "qemu/qmp.h"

struct talk {
	int answered, lost;
};

static void on_reply(void *arg, const struct json *reply, const char *error)
{
	struct talk *t = arg;

	if (!reply == !error)
		abort(); /* an answer is one or the other */
	t->answered++;
}

static void on_event(void *arg, const char *name, const struct json *message)
{
	(void)arg;
	(void)name;
	json_text(message, "data.reason");
}

static void on_lost(void *arg, const char *why)
{
	struct talk *t = arg;

	(void)why;
	if (t->lost++)
		abort(); /* told twice */
}

static void stop(void *arg)
{
	loop_stop(arg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct loop loop;
	struct timer end = {.expired = stop, .arg = &loop};
	struct talk t = {0};
	struct qmp q = {.event = on_event, .lost = on_lost, .arg = &t};
	int fds[2];

	if (loop_init(&loop, NULL) < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 ||
	    qmp_start(&q, &loop, fds[0], NULL) < 0)
		abort();
	qmp_send(&q, "query-status", NULL, on_reply, &t);
	qmp_send(&q, "system_powerdown", NULL, NULL, NULL);
	qmp_send(&q, "device_add", "{\"driver\":\"x\"}", on_reply, &t);
	if (fd_write_all(fds[1], data, n) < 0)
		abort();
	loop_timer(&loop, &end, clock_now()); /* one look at all of it */
	if (loop_run(&loop, NULL) < 0 || t.answered > 2)
		abort();
	qmp_stop(&q);
	loop_free(&loop);
	fd_close(&fds[1]);
	return 0;
}
