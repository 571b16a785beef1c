/* suspend.c - the guest is put to sleep: POWEROFF that suspends
 *
 * By the command that systemd has for it, so that what is to run before and after
 * a sleep does, or by what the kernel has. It ends when the guest is awake again: the
 * host hears of the sleep itself from QEMU. The kernel freezes every process
 * meanwhile, the agent too, and resets the port to the host; what was written to that
 * before is with QEMU by then.
 *
 * The host may ask for the next sleep as soon as the agent answers again, when the
 * command of the last one has not yet ended: then that is waited for.
 */
#include "agent/suspend.h"

#include <string.h>

#include "agent/child.h"
#include "base/file.h"
#include "base/mem.h"

#define SAID_MAX 1024 /* bytes of a command that did not put it to sleep */

/* @agent: NULL when no command runs; @id: of the request that it is for; @next: of one that waits, or 0. */
static struct {
	struct agent *agent;
	uint32_t id, next;
	struct buf said;
} asleep;

static void hear_sleep(void *arg, enum wire_stream stream, const char *data, size_t n)
{
	(void)arg;
	(void)stream;
	if (asleep.said.len + n <= SAID_MAX)
		buf_add(&asleep.said, data, n);
}

/* It is awake again, or could not sleep. */
static void sleep_ended(void *arg, const struct child *c)
{
	struct agent *a = asleep.agent;
	uint32_t next = asleep.next;

	(void)arg;
	if (c->status == 0)
		agent_send_done(a, asleep.id, "", 0);
	else
		agent_send_fail(a, asleep.id, "it does not sleep: %s",
				asleep.said.len ? buf_str(&asleep.said) : "its kernel does not say why");
	buf_clear(&asleep.said);
	asleep.agent = NULL;
	asleep.next = 0;
	if (next)
		suspend_handle(a, next);
}

static const struct child_ops sleep_ops = {.output = hear_sleep, .ended = sleep_ended};

/* Return: why it cannot sleep, which the caller frees, or NULL. "deep" is what a kernel calls a sleep of the whole machine. */
static char *find_sleep_fault(void)
{
	cleanup_buf struct buf states = {0}, kinds = {0};

	if (file_read("/sys/power/state", SAID_MAX, &states, NULL) < 0 || !strstr(buf_str(&states), "mem"))
		return xasprintf("its kernel cannot suspend to memory: /sys/power/state has '%.*s'\n"
				 "it needs CONFIG_SUSPEND and CONFIG_ACPI", (int)strcspn(buf_str(&states), "\n"), buf_str(&states));
	if (file_read("/sys/power/mem_sleep", SAID_MAX, &kinds, NULL) == 0 && !strstr(buf_str(&kinds), "deep"))
		return xasprintf("its kernel found no S3 in the firmware: /sys/power/mem_sleep has '%.*s'",
				 (int)strcspn(buf_str(&kinds), "\n"), buf_str(&kinds));
	return NULL;
}

void suspend_handle(struct agent *a, uint32_t id)
{
	cleanup_free char *fault = asleep.next ? xstrdup("it has been asked to already") : find_sleep_fault();
	const char *command = strcmp(a->init, "systemd") == 0
		? "echo deep >/sys/power/mem_sleep; exec systemctl start suspend.target"
		: "echo deep >/sys/power/mem_sleep; echo mem >/sys/power/state";

	if (fault) {
		agent_send_fail(a, id, "%s", fault);
		return;
	}
	if (asleep.agent) {
		asleep.next = id;
		return;
	}
	asleep.agent = a;
	asleep.id = id;
	if (!child_start(a, command, &sleep_ops, NULL, NULL)) {
		asleep.agent = NULL;
		agent_send_fail(a, id, "the command that puts it to sleep cannot be run");
	}
}
