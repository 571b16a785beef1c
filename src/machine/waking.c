/* waking.c - what is done for a machine that wakes from a sleep
 *
 * Theory of operation
 *
 * When a machine wakes, QEMU resets its board, and the firmware puts back what it
 * had set up. SeaBIOS (1.16) means to, but on q35 writes the bridge's registers
 * through a window that is closed at that moment, and opens it next. The bridge
 * then has no port for power management any more: Linux wakes all the same, but
 * sleeps no second time, and cannot power itself off. So this is done for it, by
 * the commands in the processor's row (qemu/arch.h), which write what SeaBIOS would
 * have. Where the firmware has done so itself that changes nothing.
 *
 * The machine's processors stand still meanwhile: what is written goes through the
 * index register of PCI's configuration, which the guest may be about to use. Its
 * content is read before, and put back.
 */
#include "machine/waking.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "machine/handshake.h"

static void order(struct machine *m, const char *command, qmp_reply_fn *done)
{
	cleanup_buf struct buf arguments = {0};

	buf_adds(&arguments, "{\"command-line\":");
	json_add_string(&arguments, command);
	buf_addc(&arguments, '}');
	qmp_send(&m->qmp, "human-monitor-command", buf_str(&arguments), done, m);
}

/* The answer to @wake_save: "portl[0x0cf8] = 0x80000000". */
static void put_right(void *arg, const struct json *reply, const char *error)
{
	struct machine *m = arg;
	const struct arch *arch = arch_host();
	const char *text = reply && reply->kind == JSON_STRING ? reply->text : NULL;
	const char *value = text ? strchr(text, '=') : NULL;
	cleanup_free char *restore = NULL;

	if (!error && value) {
		restore = xasprintf("%s 0x%lx", arch->wake_restore, strtoul(value + 1, NULL, 0));
		for (const char *const *c = arch->wake; *c; c++)
			order(m, *c, NULL);
		order(m, restore, NULL);
	}
	if (!m->paused)
		qmp_send(&m->qmp, "cont", NULL, NULL, NULL);
}

void waking_take_care(struct machine *m)
{
	const struct arch *arch = arch_host();

	if (arch->wake) {
		qmp_send(&m->qmp, "stop", NULL, NULL, NULL);
		order(m, arch->wake_save, put_right);
	}
	if (m->state == MACHINE_UP)
		handshake_tell_time(m);
}
