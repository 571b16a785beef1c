/* handshake.c - from an agent's HELLO to a machine that is up: what it is asked, and what its answers cost it */
#include "unit.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ear.h"
#include "machine/handshake.h"

/* A machine without a QEMU that boots, and the far end of its agent's link. */
static struct {
	struct loop loop;
	struct machine machine;
	struct ear agent;
	int ups, stops;
} s;

static const struct accel accel = {.kind = ACCEL_TCG, .slow = 1};
static struct net_spec net = {.name = "lan", .mtu = 1500};
static struct machine_spec machine_spec = {.name = "m", .hostname = "m", .nets = {0}, .nnets = 1};
static const struct spec spec = {.accel = &accel, .machines = &machine_spec, .nmachines = 1, .nets = &net, .nnets = 1,
				 .boot_timeout = 60, .call_timeout = 90};

static void on_up(void *arg, struct machine *m)
{
	(void)arg;
	(void)m;
	s.ups++;
}

static void on_stopped(void *arg, struct machine *m)
{
	(void)arg;
	(void)m;
	s.stops++;
}

static void begin(const char *provision)
{
	static const struct machine_owner owner = {.up = on_up, .stopped = on_stopped};

	memset(&s, 0, sizeof(s));
	machine_spec.provision = provision;
	machine_spec.ready = NULL;
	CHECK_INT(loop_init(&s.loop, NULL), 0);
	machine_init(&s.machine, &spec, 0, &s.loop, NULL, &owner);
	ear_connect(&s.agent, &s.machine.agent, &s.loop);
	s.machine.state = MACHINE_BOOTING;
	s.machine.origin.identity = IDENTITY_FIRST;
}

static void end(void)
{
	machine_free(&s.machine);
	loop_free(&s.loop);
	ear_close(&s.agent);
}

/* Let the world take what the agent has sent. Return: why the machine is gone, "" when it is not. */
static const char *deliver(struct buf *b)
{
	CHECK_INT(fd_write_all(s.agent.fd, b->data, b->len), 0);
	for (size_t left = b->len + 1; left > 0; left -= left < WIRE_CHUNK ? left : WIRE_CHUNK)
		CHECK_INT(loop_poll(&s.loop, NULL), 0); /* it is read in pieces */
	return s.machine.gone ? s.machine.gone : "";
}

static const char *hello(uint32_t version, size_t warnings)
{
	cleanup_buf struct buf b = {0};
	cleanup_free char *text = xcalloc(1, warnings + 1);
	size_t mark = wire_begin(&b, WIRE_HELLO, 0);

	memset(text, 'w', warnings);
	wire_put_u32(&b, version);
	wire_put_str(&b, "6.1");
	wire_put_str(&b, "agent");
	wire_put_str(&b, text);
	wire_end(&b, mark);
	return deliver(&b);
}

/* The agent answers what it was asked last, which is checked. */
static const char *answer(enum wire_type asked, enum wire_type type, const char *text)
{
	cleanup_buf struct buf b = {0};
	struct frame f;
	size_t mark;

	CHECK_INT(ear_next(&s.agent, &f), asked);
	mark = wire_begin(&b, (uint16_t)type, f.id);
	if (type == WIRE_EXIT) {
		wire_put_u32(&b, (uint32_t)strlen(text)); /* as good a status as any other */
		wire_put_u32(&b, 0);
		wire_put_u64(&b, 0);
	} else {
		wire_put_str(&b, text);
	}
	wire_end(&b, mark);
	return deliver(&b);
}

TEST(handshake, a_boot_from_hello_to_up)
{
	begin(NULL);
	CHECK_STR(hello(WIRE_VERSION, 0), "");
	CHECK_INT(s.machine.state, MACHINE_CONFIGURING);
	CHECK_STR(answer(WIRE_CONFIGURE, WIRE_DONE, ""), "");
	CHECK_INT(s.machine.state, MACHINE_SETTLING);
	CHECK_STR(answer(WIRE_WAIT, WIRE_DONE, ""), "");
	CHECK_STR(answer(WIRE_HEALTH, WIRE_DONE, ""), "");
	while (!s.ups && !s.stops) /* a busy host sets the clock more than once */
		CHECK_STR(answer(WIRE_CONFIGURE, WIRE_DONE, ""), "");
	CHECK_INT(s.machine.state, MACHINE_UP);
	CHECK_INT(s.ups, 1);
	CHECK_INT(s.stops, 0);
	end();
}

TEST(handshake, one_that_is_to_be_saved_rehearses_and_becomes_quiet)
{
	begin("true");
	s.machine.origin.rehearse = true;
	hello(WIRE_VERSION, 0);
	answer(WIRE_CONFIGURE, WIRE_DONE, "");
	answer(WIRE_WAIT, WIRE_DONE, "");
	CHECK_STR(answer(WIRE_EXEC, WIRE_EXIT, ""), ""); /* .provision */
	CHECK_STR(answer(WIRE_HEALTH, WIRE_FAIL, "systemd has not answered"), ""); /* need not be known */
	CHECK_STR(answer(WIRE_EXEC, WIRE_FAIL, "no shell"), ""); /* the rehearsal need not succeed */
	CHECK_STR(answer(WIRE_WAIT, WIRE_FAIL, "cannot tell"), ""); /* nor the quiet */
	while (!s.ups && !s.stops)
		CHECK_STR(answer(WIRE_CONFIGURE, WIRE_DONE, ""), "");
	CHECK_INT(s.ups, 1);
	end();
}

TEST(handshake, hello_is_heard_once)
{
	begin(NULL);
	CHECK_STR(hello(WIRE_VERSION, 0), "");
	CHECK_HAS(hello(WIRE_VERSION, 0), "it started afresh in the middle of its work");
	CHECK_INT(s.stops, 1);
	end();
	begin(NULL);
	s.machine.state = MACHINE_UP;
	CHECK_HAS(hello(WIRE_VERSION, 0), "it started afresh in the middle of its work");
	end();
}

TEST(handshake, hello_is_of_a_sane_length_and_of_our_version)
{
	begin(NULL);
	CHECK_HAS(hello(WIRE_VERSION, WIRE_WARNINGS_MAX + 1), "malformed hello");
	end();
	begin(NULL);
	CHECK_HAS(hello(WIRE_VERSION + 1, 0), "the agent of another version");
	end();
}

TEST(handshake, each_step_that_fails_is_named_with_the_agents_reason)
{
	begin(NULL);
	hello(WIRE_VERSION, 0);
	CHECK_STR(answer(WIRE_CONFIGURE, WIRE_FAIL, "no such card"), "'m' could not be configured: no such card");
	CHECK_INT(s.machine.loss, LOSS_GUEST);
	end();
	begin(NULL);
	hello(WIRE_VERSION, 0);
	answer(WIRE_CONFIGURE, WIRE_DONE, "");
	CHECK_STR(answer(WIRE_WAIT, WIRE_FAIL, ""), "'m' booted, but its init failed: the agent gave no reason");
	end();
}

TEST(handshake, a_provision_that_fails_is_named_with_its_status_or_the_agents_reason)
{
	begin("make install");
	hello(WIRE_VERSION, 0);
	answer(WIRE_CONFIGURE, WIRE_DONE, "");
	answer(WIRE_WAIT, WIRE_DONE, "");
	CHECK_STR(answer(WIRE_EXEC, WIRE_EXIT, "xxx"), "the .provision of 'm' failed with exit status 3");
	end();
	begin("make install");
	hello(WIRE_VERSION, 0);
	answer(WIRE_CONFIGURE, WIRE_DONE, "");
	answer(WIRE_WAIT, WIRE_DONE, "");
	CHECK_STR(answer(WIRE_EXEC, WIRE_FAIL, "no shell"), "the .provision of 'm' could not be run: no shell");
	CHECK_INT(s.machine.loss, LOSS_GUEST);
	end();
}

/* The deadline of what is under way passes. Return: why the machine is gone. */
static const char *wait_in_vain(void)
{
	loop_timer(&s.loop, &s.machine.deadline, 0);
	CHECK_INT(loop_poll(&s.loop, NULL), 0);
	return s.machine.gone ? s.machine.gone : "";
}

TEST(handshake, what_takes_too_long_is_named)
{
	begin("make install");
	CHECK_STR(wait_in_vain(), "'m' did not boot within 60 s (VMTAP_BOOT_TIMEOUT) under tcg: it was still booting and "
				  "its agent had not said hello\nits kernel said nothing: probably it does not fit into 0 MiB "
				  "(.memory), cannot be started by QEMU (a vmlinux needs CONFIG_PVH=y), or has no console "
				  "(CONFIG_SERIAL_8250_CONSOLE=y)");
	end();
	begin("make install");
	hello(WIRE_VERSION, 0);
	answer(WIRE_CONFIGURE, WIRE_DONE, "");
	answer(WIRE_WAIT, WIRE_DONE, "");
	CHECK_INT(s.machine.state, MACHINE_PROVISIONING);
	CHECK_STR(wait_in_vain(), "the .provision of 'm' did not end within 90 s");
	CHECK_INT(s.machine.loss, LOSS_GUEST);
	end();
}

/* Return: why the machine is gone that waited in vain to be ready, when its agent says what it saw. */
static const char *never_ready(const char *rule, const char *seen)
{
	struct frame f;

	begin(NULL);
	machine_spec.ready = rule;
	hello(WIRE_VERSION, 0);
	answer(WIRE_CONFIGURE, WIRE_DONE, "");
	CHECK_STR(wait_in_vain(), ""); /* it is asked first */
	CHECK_INT(s.machine.state, MACHINE_SETTLING);
	CHECK_INT(ear_next(&s.agent, &f), WIRE_WAIT);
	return answer(WIRE_CANCEL, WIRE_FAIL, seen);
}

TEST(handshake, a_machine_that_never_becomes_ready_says_what_for_it_waited_and_what_it_saw)
{
	CHECK_STR(never_ready(NULL, "systemd is starting"),
		  "'m' did not boot within 60 s (VMTAP_BOOT_TIMEOUT) under tcg: it was still waiting for its init: "
		  "systemd is starting");
	CHECK_INT(s.machine.loss, LOSS_GUEST);
	end();
	CHECK_HAS(never_ready("/run/x", "it is not there"), "waiting for the file '/run/x' (.ready): it is not there");
	end();
	CHECK_HAS(never_ready("80", "nothing listens"), "waiting for port 80 (.ready): nothing listens");
	end();
	CHECK_HAS(never_ready("x.service", "inactive"), "waiting for the unit 'x.service' (.ready): inactive");
	end();
	CHECK_HAS(never_ready("test -e /x", "exit status 1"), "waiting for the command 'test -e /x' (.ready): exit status 1");
	end();
}

TEST(handshake, an_agent_that_says_nothing_of_why_it_is_not_ready_is_not_waited_for)
{
	begin(NULL);
	hello(WIRE_VERSION, 0);
	answer(WIRE_CONFIGURE, WIRE_DONE, "");
	CHECK_STR(wait_in_vain(), "");
	CHECK_STR(wait_in_vain(), "'m' did not boot within 60 s (VMTAP_BOOT_TIMEOUT) under tcg: it was still waiting for its init");
	end();
}

TEST(handshake, the_accelerator_is_suspected_only_while_the_agent_is_silent)
{
	begin(NULL);
	wait_in_vain();
	CHECK_INT(s.machine.loss, LOSS_QEMU);
	end();
	begin(NULL);
	s.machine.state = MACHINE_CONFIGURING; /* as one that was resumed */
	wait_in_vain();
	CHECK_INT(s.machine.loss, LOSS_QEMU);
	end();
	begin(NULL);
	hello(WIRE_VERSION, 0);
	CHECK_STR(wait_in_vain(), "'m' did not boot within 60 s (VMTAP_BOOT_TIMEOUT) under tcg: it was still being configured");
	CHECK_INT(s.machine.loss, LOSS_GUEST);
	end();
}

TEST(handshake, an_answer_of_another_kind_costs_the_machine_its_life)
{
	begin(NULL);
	hello(WIRE_VERSION, 0);
	CHECK_HAS(answer(WIRE_CONFIGURE, WIRE_EXIT, ""), "broke the protocol: it sent an answer of another kind");
	end();
	begin(NULL);
	hello(WIRE_VERSION, 0);
	answer(WIRE_CONFIGURE, WIRE_DONE, "");
	CHECK_HAS(answer(WIRE_WAIT, WIRE_EXIT, ""), "broke the protocol: it sent an answer of another kind");
	end();
	begin(NULL);
	s.machine.state = MACHINE_UP;
	machine_shutdown(&s.machine, CLOCK_NEVER);
	CHECK_HAS(answer(WIRE_POWEROFF, WIRE_EXIT, ""), "broke the protocol: it sent an answer of another kind");
	CHECK_INT(s.stops, 1);
	end();
}
