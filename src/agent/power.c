/* power.c - POWEROFF: through the init, as an administrator would
 *
 * An order is given once; what follows is the init's. Where systemd does not
 * listen yet (it does so a moment after its start) it is asked again.
 */
#include "agent/power.h"

#include <signal.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/bus.h"
#include "agent/child.h"
#include "base/clock.h"

#define TERM_WAIT   (2 * NS_PER_S)   /* between SIGTERM and SIGKILL, when we are the init */
#define TERM_LOOK   (5 * NS_PER_MS)
#define ASK_PAUSE   (50 * NS_PER_MS) /* between two tries to reach systemd */

static struct {
	struct agent *agent;
	struct bus bus;
	struct timer again;
} order;

void power_off_now(void)
{
	sync();
	reboot(RB_POWER_OFF);
	_exit(1); /* as PID 1: the kernel panics, and panic=-1 reboots */
}

/* Every process descends from the init, orphans at once: without a child there is none but the kernel's. */
static bool is_alone(void)
{
	pid_t pid;

	do
		pid = waitpid(-1, NULL, WNOHANG);
	while (pid > 0);
	return pid < 0;
}

/* We are the init: end everything, in good manners first. */
static void end_everything(void)
{
	const struct timespec nap = {.tv_nsec = TERM_LOOK};
	uint64_t deadline = clock_now() + TERM_WAIT;

	kill(-1, SIGTERM);
	kill(-1, SIGCONT);
	while (!is_alone() && clock_now() < deadline)
		nanosleep(&nap, NULL);
	kill(-1, SIGKILL);
	power_off_now();
}

/* ---- systemd ---- */

static void ask_systemd(void *arg)
{
	cleanup_buf struct buf body = {0};

	(void)arg;
	dbus_put_string(&body, "poweroff.target");
	dbus_put_string(&body, "replace-irreversibly"); /* as `systemctl poweroff` does */
	if (bus_call(&order.bus, "StartUnit", "ss", &body) < 0)
		loop_timer(&order.agent->loop, &order.again, clock_now() + ASK_PAUSE);
}

static void systemd_answered(void *arg, struct dbus_message *reply)
{
	(void)arg;
	if (!reply)
		loop_timer(&order.agent->loop, &order.again, clock_now() + ASK_PAUSE);
	else if (reply->type == DBUS_ERROR)
		agent_log("systemd does not power off: %s", reply->error);
}

/* ---- other inits ---- */

static void ignore_output(void *arg, enum wire_stream stream, const char *data, size_t n)
{
	(void)arg;
	(void)stream;
	(void)data;
	(void)n;
}

static void poweroff_ended(void *arg, const struct child *c)
{
	(void)arg;
	if (c->status != 0)
		power_off_now(); /* an image without poweroff(8) */
}

static const struct child_ops poweroff_ops = {.output = ignore_output, .ended = poweroff_ended};

/* ---- the request ---- */

static void power_off_orderly(struct agent *a)
{
	if (a->is_init)
		end_everything();
	if (!strcmp(a->init, "systemd")) {
		if (order.agent)
			return; /* it has been told */
		order.agent = a;
		order.again = (struct timer){.expired = ask_systemd};
		bus_init(&order.bus, &a->loop, systemd_answered, NULL);
		ask_systemd(NULL);
	} else if (!child_start(a, "exec poweroff", &poweroff_ops, NULL, NULL)) {
		power_off_now();
	}
}

void power_handle(struct agent *a, uint32_t id, struct wire_reader *r)
{
	(void)r;
	child_unprepare(a); /* an init that ends all processes would wait for it */
	agent_send_done(a, id, "", 0);
	port_flush_hard(&a->port);
	power_off_orderly(a);
}
