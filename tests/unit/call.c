/* call.c - one call of a script: what the agent is asked, and what the script is told */
#include "unit.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ear.h"
#include "world/call.h"

/* A machine without a QEMU, and the far ends of what connects it and the script to the world. */
static struct scene {
	struct loop loop;
	struct machine machine;
	struct life life;
	struct link script;
	struct call_owner owner;
	struct call *call;
	struct ear agent, from; /* far ends: the agent's, the script's */
} s;

static const struct accel accel = {.kind = ACCEL_TCG, .slow = 1};
static struct net_spec net = {.name = "lan", .mtu = 1500};
static struct machine_spec machine_spec = {.name = "m", .hostname = "m", .nets = {0}, .nnets = 1};
static const struct spec spec = {.accel = &accel, .machines = &machine_spec, .nmachines = 1, .nets = &net, .nnets = 1,
				 .boot_timeout = 1, .call_timeout = 60};

static void on_done(void *arg, struct call *c)
{
	(void)arg;
	CHECK(s.call == c);
	s.call = NULL;
}

static void on_change(void *arg, struct machine *m)
{
	(void)arg;
	if (s.call)
		call_machine_changed(s.call, m);
}

static void no_frame(void *arg, const struct frame *f)
{
	(void)arg;
	(void)f;
}

static void no_loss(void *arg, const char *why)
{
	(void)arg;
	(void)why;
}

static void begin(void)
{
	static const struct machine_owner owner = {.up = on_change, .stopped = on_change};

	s = (struct scene){.script = {.stream.out_max = 128 << 20, .frame = no_frame, .lost = no_loss}};
	CHECK_INT(loop_init(&s.loop, NULL), 0);
	machine_init(&s.machine, &spec, 0, &s.loop, NULL, &owner);
	life_init(&s.life, &s.machine, &owner);
	ear_connect(&s.agent, &s.machine.agent, &s.loop);
	ear_connect(&s.from, &s.script, &s.loop);
	s.machine.state = MACHINE_UP;
	s.machine.used = true;
	s.owner = (struct call_owner){.loop = &s.loop, .script = &s.script, .lives = &s.life, .nlives = 1, .world = &spec,
				      .grace = 20 * NS_PER_MS, .done = on_done};
}

static void end(void)
{
	if (s.call)
		call_drop(s.call);
	link_stop(&s.script);
	machine_free(&s.machine);
	life_free(&s.life);
	loop_free(&s.loop);
	ear_close(&s.agent);
	ear_close(&s.from);
}

/* The script makes a call. @deadline: ns from now, or CLOCK_NEVER. Return: whether it was taken. */
static bool ask(enum wire_call kind, const char *first, uint64_t deadline)
{
	cleanup_buf struct buf b = {0};
	size_t mark = wire_begin(&b, WIRE_CALL, 7);
	struct frame f;

	wire_put_u32(&b, 0);
	wire_put_u8(&b, (uint8_t)kind);
	wire_put_u64(&b, deadline == CLOCK_NEVER ? deadline : clock_now() + deadline);
	wire_put_str(&b, first);
	wire_put_bytes(&b, "", 0);
	wire_put_u32(&b, 0);
	wire_put_str(&b, "web.succeed(\"true\")");
	wire_put_str(&b, "t.c:7");
	wire_end(&b, mark);
	CHECK_INT(wire_next(&b, &f), 1);
	s.call = call_begin(&s.owner, &f, CLOCK_NEVER);
	if (s.call)
		call_go(s.call);
	return s.call != NULL;
}

static void stop(void *arg)
{
	loop_stop(arg);
}

/* Let everything happen that happens within so many ms. */
static void pass(unsigned ms)
{
	struct timer t = {.expired = stop, .arg = &s.loop};

	loop_timer(&s.loop, &t, clock_now() + ms * NS_PER_MS);
	CHECK_INT(loop_run(&s.loop, NULL), 0);
}

/* The agent says something about request @id. */
static void say(enum wire_type type, uint32_t id, enum wire_stream stream, size_t n)
{
	cleanup_buf struct buf b = {0};
	cleanup_free char *bytes = xcalloc(1, n + 1);
	size_t mark = wire_begin(&b, (uint16_t)type, id);

	memset(bytes, 'x', n);
	if (type == WIRE_OUTPUT)
		wire_put_u8(&b, (uint8_t)stream);
	if (type == WIRE_EXIT) {
		wire_put_u32(&b, 3);
		wire_put_u32(&b, 0);
		wire_put_u64(&b, 1000);
	} else {
		wire_put_bytes(&b, bytes, n);
	}
	wire_end(&b, mark);
	do { /* more than the socket takes at once */
		ssize_t done = send(s.agent.fd, b.data, b.len, MSG_NOSIGNAL);

		if (done > 0)
			buf_consume(&b, (size_t)done);
		CHECK_INT(loop_poll(&s.loop, NULL), 0);
	} while (b.len && s.machine.state == MACHINE_UP);
	for (size_t left = n; left > 0; left -= left < WIRE_CHUNK ? left : WIRE_CHUNK)
		CHECK_INT(loop_poll(&s.loop, NULL), 0); /* it is read in pieces */
}

/* Return: what the agent is asked next; @id is set to the request's. */
static unsigned asked(uint32_t *id)
{
	struct frame f;
	unsigned type = ear_next(&s.agent, &f);

	*id = type ? f.id : 0;
	return type;
}

/* Return: the outcome that the script is told, -1 for none yet; @reason is set; @output: bytes that came before. */
static int answer(char reason[256], size_t *output)
{
	cleanup_free char *text = NULL;
	struct wire_reader r;
	struct frame f;
	unsigned type;
	int outcome;

	reason[0] = '\0';
	*output = 0;
	while ((type = ear_next(&s.from, &f)) == WIRE_OUTPUT) {
		size_t n;

		r = wire_read(&f);
		CHECK_INT(f.id, 7);
		wire_get_u8(&r);
		wire_get_bytes(&r, &n);
		CHECK(n <= WIRE_CHUNK);
		*output += n;
		CHECK_INT(loop_poll(&s.loop, NULL), 0);
	}
	if (type != WIRE_RESULT)
		return -1;
	r = wire_read(&f);
	outcome = wire_get_u8(&r);
	wire_get_u32(&r);
	wire_get_u32(&r);
	wire_get_u64(&r);
	text = wire_get_str(&r);
	CHECK(!r.bad);
	snprintf(reason, 256, "%s", text);
	return outcome;
}

static char reason[256];
static size_t output;

TEST(call, output_is_passed_on_before_the_command_ends)
{
	uint32_t id;

	begin();
	CHECK(ask(WIRE_CALL_EXEC, "true", CLOCK_NEVER));
	CHECK_INT(asked(&id), WIRE_EXEC);
	say(WIRE_OUTPUT, id, WIRE_STDOUT, 1000);
	CHECK_INT(answer(reason, &output), -1);
	CHECK_INT(output, 1000);
	say(WIRE_EXIT, id, 0, 0);
	CHECK_INT(answer(reason, &output), WIRE_OK);
	CHECK(!s.call);
	end();
}

TEST(call, a_result_that_is_long_comes_in_pieces)
{
	uint32_t id;

	begin();
	CHECK(ask(WIRE_CALL_WAIT, "x", CLOCK_NEVER));
	CHECK_INT(asked(&id), WIRE_WAIT);
	say(WIRE_DONE, id, 0, WIRE_DONE_MAX);
	CHECK_INT(answer(reason, &output), WIRE_OK);
	CHECK_INT(output, WIRE_DONE_MAX);
	end();
}

TEST(call, more_output_than_a_script_is_given_ends_the_command)
{
	uint32_t id, other;

	begin();
	CHECK(ask(WIRE_CALL_EXEC, "yes", CLOCK_NEVER));
	CHECK_INT(asked(&id), WIRE_EXEC);
	for (size_t n = 0; n <= WIRE_CALL_OUTPUT_MAX && s.call; n += WIRE_CHUNK)
		say(WIRE_OUTPUT, id, WIRE_STDERR, WIRE_CHUNK);
	CHECK_INT(answer(reason, &output), WIRE_FAILED);
	CHECK_INT(output, WIRE_CALL_OUTPUT_MAX);
	CHECK_HAS(reason, "more than 32 MiB");
	CHECK_INT(asked(&other), WIRE_CANCEL);
	CHECK_INT(other, id);
	say(WIRE_OUTPUT, id, WIRE_STDERR, 10); /* the tail of what was forgotten */
	CHECK_INT(s.machine.state, MACHINE_UP);
	end();
}

TEST(call, a_deadline_asks_for_last_words)
{
	uint32_t id, other;

	begin();
	CHECK(ask(WIRE_CALL_WAIT, "x", NS_PER_MS));
	CHECK_INT(asked(&id), WIRE_WAIT);
	pass(5);
	CHECK_INT(asked(&other), WIRE_CANCEL);
	CHECK_INT(other, id);
	say(WIRE_FAIL, id, 0, 5);
	CHECK_INT(answer(reason, &output), WIRE_TIMED_OUT);
	CHECK_HAS(reason, "timed out after");
	CHECK_HAS(reason, "xxxxx");
	end();
}

TEST(call, an_agent_that_stays_silent_is_named)
{
	begin();
	CHECK(ask(WIRE_CALL_EXEC, "true", NS_PER_MS));
	pass(60);
	CHECK_INT(answer(reason, &output), WIRE_TIMED_OUT);
	CHECK_HAS(reason, "the agent of 'm' does not answer any more");
	end();
}

TEST(call, the_tests_own_end_is_told_apart)
{
	uint32_t id;

	begin();
	CHECK(ask(WIRE_CALL_EXEC, "true", CLOCK_NEVER));
	CHECK_INT(asked(&id), WIRE_EXEC);
	call_expire(s.call, "the test's time limit of 5 s passed");
	say(WIRE_EXIT, id, 0, 0);
	CHECK_INT(answer(reason, &output), WIRE_OVERTIME);
	CHECK_STR(reason, "the test's time limit of 5 s passed");
	end();
}

TEST(call, one_that_was_abandoned_hears_no_answer)
{
	static const enum wire_call kinds[] = {WIRE_CALL_EXEC, WIRE_CALL_SUSPEND, WIRE_CALL_SHELL};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint32_t id;

		begin();
		CHECK(ask(kinds[i], "x", CLOCK_NEVER));
		CHECK(asked(&id) != 0);
		call_abandon(s.call);
		s.call = NULL;
		say(WIRE_FAIL, id, 0, 5);
		CHECK_INT(s.machine.state, MACHINE_UP);
		CHECK_INT(answer(reason, &output), -1);
		end();
	}
}

/* As by another's restore(): silent, and then it is up. */
static void go_back(void)
{
	requests_clear(&s.machine.requests);
	s.machine.ends++;
	on_change(NULL, &s.machine);
}

TEST(call, a_machine_that_somebody_else_restores_has_lost_its_calls)
{
	uint32_t id;

	begin();
	CHECK(ask(WIRE_CALL_SHELL, "dumb", CLOCK_NEVER));
	CHECK_INT(asked(&id), WIRE_SHELL);
	go_back();
	CHECK_INT(answer(reason, &output), WIRE_LOST);
	CHECK_STR(reason, "'m' was restored, and what ran in it has ended");
	end();
	begin();
	CHECK(ask(WIRE_CALL_WAIT, "x", CLOCK_NEVER));
	CHECK_INT(asked(&id), WIRE_WAIT);
	go_back();
	CHECK_INT(asked(&id), WIRE_WAIT); /* it is asked again */
	say(WIRE_DONE, id, 0, 0);
	CHECK_INT(answer(reason, &output), WIRE_OK);
	end();
}

/* Whether the agent's frame costs the machine its life, by name. */
static void refuses(enum wire_type type, enum wire_stream stream, size_t n, const char *what)
{
	uint32_t id;

	begin();
	CHECK(ask(WIRE_CALL_EXEC, "true", CLOCK_NEVER));
	CHECK_INT(asked(&id), WIRE_EXEC);
	say(type, id, stream, n);
	CHECK_INT(answer(reason, &output), WIRE_LOST);
	CHECK_HAS(reason, "the agent of 'm' broke the protocol");
	CHECK_HAS(reason, what);
	CHECK_INT(s.machine.loss, LOSS_GUEST);
	end();
}

TEST(call, a_malformed_answer_is_a_failure_at_once)
{
	refuses(WIRE_OUTPUT, WIRE_STDOUT, WIRE_CHUNK + 1, "malformed output");
	refuses(WIRE_OUTPUT, 9, 1, "malformed output");
	refuses(WIRE_DONE, 0, 1, "an answer of another kind");
	refuses(WIRE_EXEC, 0, 1, "no answer");
	refuses(WIRE_HELLO, 0, 1, "malformed hello");
}

TEST(call, a_machine_that_was_lost_is_not_asked)
{
	begin();
	machine_fail(&s.machine, LOSS_GUEST, xstrdup("it is no more"));
	ask(WIRE_CALL_EXEC, "true", CLOCK_NEVER);
	CHECK_INT(answer(reason, &output), WIRE_LOST);
	CHECK_STR(reason, "it is no more");
	end();
}

TEST(call, what_needs_no_machine_is_answered_at_once)
{
	begin();
	ask(WIRE_CALL_IS_UP, "", CLOCK_NEVER);
	CHECK_INT(answer(reason, &output), WIRE_OK);
	machine_reset(&s.machine);
	ask(WIRE_CALL_SHUTDOWN, "", CLOCK_NEVER);
	CHECK_INT(answer(reason, &output), WIRE_OK);
	ask(WIRE_CALL_EXEC, "true", CLOCK_NEVER); /* the test has used it, so it does not boot by itself */
	CHECK_INT(answer(reason, &output), WIRE_REFUSED);
	CHECK_HAS(reason, "m.start() boots it afresh");
	end();
}

TEST(call, nothing_is_restored_that_was_not_saved)
{
	begin();
	ask(WIRE_CALL_RESTORE, "x", CLOCK_NEVER);
	CHECK_INT(answer(reason, &output), WIRE_REFUSED);
	CHECK_HAS(reason, "nothing was saved as 'x'");
	end();
}

TEST(call, a_line_of_the_console_is_waited_for)
{
	begin();
	console_feed(&s.machine.console, "one\n", 4);
	CHECK(ask(WIRE_CALL_CONSOLE_WAIT, "^t", CLOCK_NEVER));
	CHECK_INT(answer(reason, &output), -1);
	console_feed(&s.machine.console, "two\n", 4);
	call_machine_heard(s.call, &s.machine);
	CHECK_INT(answer(reason, &output), WIRE_OK);
	CHECK_INT(output, strlen("two"));
	end();
}

TEST(call, a_console_that_does_not_say_it_is_quoted)
{
	begin();
	console_feed(&s.machine.console, "one\ntw", 6);
	CHECK(ask(WIRE_CALL_CONSOLE_WAIT, "x", NS_PER_MS));
	pass(5);
	CHECK_INT(answer(reason, &output), WIRE_TIMED_OUT);
	CHECK_HAS(reason, "no new line of the console matches; the last it said: tw");
	end();
}

TEST(call, a_terminal_is_looked_at_until_its_text_matches)
{
	uint32_t id, next;

	begin();
	CHECK(ask(WIRE_CALL_TTY, "^x{20}$", CLOCK_NEVER));
	CHECK_INT(asked(&id), WIRE_WAIT);
	say(WIRE_DONE, id, 0, 10);
	CHECK_INT(answer(reason, &output), -1);
	CHECK_INT(asked(&next), WIRE_WAIT);
	CHECK(next != id);
	say(WIRE_DONE, next, 0, 20);
	CHECK_INT(answer(reason, &output), WIRE_OK);
	CHECK_INT(output, 20);
	end();
}

TEST(call, a_terminal_that_never_matches_is_quoted)
{
	uint32_t id;

	begin();
	CHECK(ask(WIRE_CALL_TTY, "y", NS_PER_MS));
	CHECK_INT(asked(&id), WIRE_WAIT);
	pass(5);
	say(WIRE_DONE, id, 0, 5); /* it changed while the CANCEL was on its way */
	CHECK_INT(answer(reason, &output), WIRE_TIMED_OUT);
	CHECK_HAS(reason, "does not match\nxxxxx");
	end();
}

TEST(call, a_network_that_is_not_there_is_malformed)
{
	begin();
	s.owner.world = &(struct spec){.nnets = 0, .call_timeout = 60};
	CHECK(!ask(WIRE_CALL_NET, "0.5", CLOCK_NEVER));
	end();
}

TEST(call, an_unknown_kind_is_malformed)
{
	begin();
	CHECK(!ask(WIRE_CALL_KINDS, "", CLOCK_NEVER));
	CHECK(!ask(0, "", CLOCK_NEVER));
	end();
}

/* ---- people ---- */

/* The far end of its serial console. */
static int connect_console(void)
{
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	CHECK_INT(console_start(&s.machine.console, &s.loop, fds[0], NULL), 0);
	return fds[1];
}

/* What a person does during the call. */
static void relay(enum wire_type type, const char *bytes, uint32_t number)
{
	cleanup_buf struct buf b = {0};
	size_t mark = wire_begin(&b, (uint16_t)type, 7);
	struct frame f;

	if (type == WIRE_INPUT)
		wire_put_bytes(&b, bytes, strlen(bytes));
	else
		wire_put_u32(&b, number);
	wire_end(&b, mark);
	CHECK_INT(wire_next(&b, &f), 1);
	call_relay(s.call, &f);
}

/* Return: bytes of a console that a person has got; TAKEN in between is passed over. */
static size_t heard(void)
{
	struct frame f;
	size_t all = 0;
	unsigned type;

	while ((type = ear_next(&s.from, &f)) == WIRE_OUTPUT || type == WIRE_TAKEN) {
		struct wire_reader r = wire_read(&f);
		size_t n = 0;

		wire_get_u8(&r);
		if (type == WIRE_OUTPUT)
			wire_get_bytes(&r, &n);
		all += n;
	}
	return all;
}

TEST(call, a_console_is_shown_and_typed_at)
{
	char typed[8] = "";
	int guest;

	begin();
	guest = connect_console();
	console_feed(&s.machine.console, "before\nlogin: ", 14);
	CHECK(ask(WIRE_CALL_CONSOLE, "", 1));
	CHECK_INT(heard(), 15); /* with a CR */
	CHECK_INT(fd_write_all(guest, "\033[31m", 5), 0);
	pass(1); /* longer than its deadline was */
	CHECK_INT(heard(), 5); /* as it comes: the terminal is the person's */
	relay(WIRE_INPUT, "root\r", 0);
	CHECK_INT(read(guest, typed, sizeof(typed)), 5);
	CHECK_STR(typed, "root\r");
	relay(WIRE_INPUT, "", 0);
	CHECK(!s.call);
	CHECK(!s.machine.console.ears);
	close(guest);
	end();
}

TEST(call, who_does_not_keep_up_with_a_console_misses_some)
{
	char much[4096];
	int guest;

	begin();
	memset(much, 'x', sizeof(much));
	guest = connect_console();
	CHECK(ask(WIRE_CALL_CONSOLE, "", CLOCK_NEVER));
	for (size_t n = 0; n < 2 * WIRE_SHELL_WINDOW; n += sizeof(much)) {
		CHECK_INT(fd_write_all(guest, much, sizeof(much)), 0);
		CHECK_INT(loop_poll(&s.loop, NULL), 0);
	}
	CHECK_INT(heard(), WIRE_SHELL_WINDOW);
	relay(WIRE_TAKEN, NULL, sizeof(much));
	CHECK_INT(fd_write_all(guest, much, sizeof(much)), 0);
	CHECK_INT(loop_poll(&s.loop, NULL), 0);
	CHECK_INT(heard(), sizeof(much));
	relay(WIRE_INPUT, "", 0);
	close(guest);
	end();
}

TEST(call, a_guest_that_does_not_read_its_console_is_not_typed_at_for_ever)
{
	char much[CONSOLE_TYPED_MAX] = "";
	int guest;

	begin();
	memset(much, 'x', sizeof(much) - 1);
	guest = connect_console();
	CHECK(ask(WIRE_CALL_CONSOLE, "", CLOCK_NEVER));
	for (int i = 0; i < 1000; i++)
		relay(WIRE_INPUT, much, 0);
	CHECK_INT(loop_poll(&s.loop, NULL), 0);
	CHECK(stream_waiting(&s.machine.console.stream) <= CONSOLE_TYPED_MAX);
	CHECK(s.call != NULL);
	relay(WIRE_INPUT, "", 0);
	close(guest);
	end();
}

TEST(call, a_lost_machine_ends_a_visit_to_its_console)
{
	int guest;

	begin();
	guest = connect_console();
	CHECK(ask(WIRE_CALL_CONSOLE, "", CLOCK_NEVER));
	machine_fail(&s.machine, LOSS_GUEST, xstrdup("it is gone"));
	CHECK(!s.call);
	CHECK(!s.machine.console.ears);
	close(guest);
	end();
}

TEST(call, a_shell_whose_person_has_gone_is_ended)
{
	uint32_t id, other;

	begin();
	CHECK(ask(WIRE_CALL_SHELL, "xterm", CLOCK_NEVER));
	CHECK_INT(asked(&id), WIRE_SHELL);
	call_abandon(s.call);
	s.call = NULL;
	CHECK_INT(asked(&other), WIRE_CANCEL);
	CHECK_INT(other, id);
	CHECK_INT(asked(&other), WIRE_TAKEN); /* of whatever it has written */
	say(WIRE_EXIT, id, 0, 0);
	CHECK_INT(s.machine.state, MACHINE_UP);
	end();
}
