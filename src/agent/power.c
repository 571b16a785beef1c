/* power.c - the guest goes down: POWEROFF, the orders that an init is given, and the end of a boot that failed
 *
 * Theory of operation
 *
 * POWEROFF is passed on to the image's init, as an administrator would do it. The
 * agent gives the order once and the init does the rest. systemd listens only from
 * a moment after its start on: the agent asks until systemd has answered. A reboot
 * goes the same way.
 *
 * Where the agent is the init (the kit guest), POWEROFF and the signals of BusyBox's
 * halt, poweroff and reboot end every process, SIGTERM first, and then the machine.
 * `halt` powers off, too: a machine whose processors stand still would look to the
 * host like one that hangs, and the host would wait for it.
 */
#include "agent/power.h"

#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/bus.h"
#include "agent/child.h"
#include "agent/suspend.h"
#include "base/clock.h"
#include "base/mem.h"

#define TERM_WAIT   (2 * NS_PER_S)   /* between SIGTERM and SIGKILL, when we are the init */
#define TERM_LOOK   (5 * NS_PER_MS)
#define ASK_PAUSE   (50 * NS_PER_MS) /* between two tries to reach systemd */
#define ANSWER_WAIT (1 * NS_PER_S)   /* for requests to be answered after a signal */
#define ANSWER_LOOK (5 * NS_PER_MS)

/* @agent: NULL before the first order; @how: of reboot(2); @deadline: for the answers to requests in flight. */
static struct {
	struct agent *agent;
	struct bus bus;
	struct timer again;
	int how;
	const char *target;
	uint64_t deadline;
} order;

static void __attribute__((noreturn)) end_machine(int how)
{
	sync();
	reboot(how);
	_exit(1); /* as PID 1: the kernel panics, and panic=-1 reboots */
}

void power_off_now(void)
{
	end_machine(RB_POWER_OFF);
}

/* ---- as the init ---- */

/* Reap what has ended. Every process but the kernel's descends from the init: without a child the init is alone. */
static bool is_alone(void)
{
	pid_t pid;

	do
		pid = waitpid(-1, NULL, WNOHANG);
	while (pid > 0);
	return pid < 0;
}

/* Processes that do not heed SIGTERM get SIGKILL after TERM_WAIT. */
static void __attribute__((noreturn)) end_everything(int how)
{
	const struct timespec nap = {.tv_nsec = TERM_LOOK};
	uint64_t deadline = clock_now() + TERM_WAIT;

	kill(-1, SIGTERM);
	kill(-1, SIGCONT);
	while (!is_alone() && clock_now() < deadline)
		nanosleep(&nap, NULL);
	kill(-1, SIGKILL);
	end_machine(how);
}

static void await_answers(void *arg)
{
	struct agent *a = order.agent;

	(void)arg;
	if (a->requests && clock_now() < order.deadline) {
		loop_timer(&a->loop, &order.again, clock_now() + ANSWER_LOOK);
		return;
	}
	port_flush_hard(&a->port);
	end_everything(order.how);
}

static const struct {
	int signal, how;
} orders[] = {
	{SIGUSR1, RB_POWER_OFF},
	{SIGUSR2, RB_POWER_OFF},
	{SIGTERM, RB_AUTOBOOT},
	{SIGINT, RB_AUTOBOOT},
};

void power_add_signals(sigset_t *set)
{
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
		sigaddset(set, orders[i].signal);
}

void power_signalled(struct agent *a, int signal)
{
	if (order.agent)
		return; /* the first order stands */
	order.agent = a;
	order.again = (struct timer){.expired = await_answers};
	order.deadline = clock_now() + ANSWER_WAIT;
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
		if (orders[i].signal == signal)
			order.how = orders[i].how;
	child_unprepare(a); /* a spare shell would not heed SIGTERM */
	await_answers(NULL);
}

/* ---- systemd ---- */

static void ask_systemd(void *arg)
{
	cleanup_buf struct buf body = {0};

	(void)arg;
	dbus_put_string(&body, order.target);
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
		agent_log("systemd does not start %s: %s", order.target, reply->error);
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
		end_machine(order.how); /* an image without poweroff(8) */
}

static const struct child_ops poweroff_ops = {.output = ignore_output, .ended = poweroff_ended};

/* ---- the request ---- */

static void go_down_orderly(struct agent *a, enum wire_power how)
{
	bool off = how == WIRE_POWER_OFF;

	if (a->is_init)
		end_everything(off ? RB_POWER_OFF : RB_AUTOBOOT);
	order.how = off ? RB_POWER_OFF : RB_AUTOBOOT;
	if (!strcmp(a->init, "systemd")) {
		if (order.agent)
			return; /* systemd has been asked */
		order.agent = a;
		order.target = off ? "poweroff.target" : "reboot.target";
		order.again = (struct timer){.expired = ask_systemd};
		bus_init(&order.bus, &a->loop, 0, systemd_answered, NULL);
		ask_systemd(NULL);
	} else if (!child_start(a, off ? "exec poweroff" : "exec reboot", &poweroff_ops, NULL, NULL)) {
		end_machine(order.how);
	}
}

void power_handle(struct agent *a, uint32_t id, struct wire_reader *r)
{
	uint8_t how = wire_get_u8(r);

	if (r->bad || how > WIRE_POWER_SUSPEND) {
		agent_send_fail(a, id, "malformed POWEROFF");
		return;
	}
	if (how == WIRE_POWER_SUSPEND) {
		suspend_handle(a, id);
		return;
	}
	child_unprepare(a); /* an init that ends all processes would wait for the spare shell */
	agent_send_done(a, id, "", 0);
	port_flush_hard(&a->port);
	go_down_orderly(a, how);
}
