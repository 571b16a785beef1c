/* machine.c - consoles, requests, and the reasons why a machine is gone */
#include "unit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "machine/console.h"
#include "machine/events.h"
#include "machine/loss.h"
#include "machine/request.h"

/* ---- console ---- */

static void feed(struct console *c, const char *text)
{
	console_feed(c, text, strlen(text));
}

TEST(console, lines_are_cleaned)
{
	struct console c = {.name = "m"};

	feed(&c, "\033[1mbold\033[0m\r\nbell\007\n");
	CHECK_STR(buf_str(&c.text), "bold\nbell\xEF\xBF\xBD\n");
	console_free(&c);
}

static void count(void *arg)
{
	++*(int *)arg;
}

TEST(console, panic_is_told_once_with_its_line)
{
	int told = 0;
	struct console c = {.name = "m", .panicked = count, .arg = &told};

	feed(&c, "[    1.0] Kernel panic - not syn");
	CHECK_INT(told, 0);
	feed(&c, "cing: no init\n[    1.1] Kernel panic - not syncing: again\n");
	CHECK_INT(told, 1);
	CHECK_STR(c.panic, "[    1.0] Kernel panic - not syncing: no init");
	console_forget_panic(&c);
	feed(&c, "[    2.0] Kernel panic - not syncing: real\n");
	CHECK_INT(told, 2);
	console_free(&c);
}

/* Return: whether the line counts as the kernel's own. */
static bool is_panic(const char *line)
{
	struct console c = {.name = "m"};
	bool told;

	feed(&c, line);
	feed(&c, "\n");
	told = c.panic != NULL;
	console_free(&c);
	return told;
}

TEST(console, only_the_kernels_own_words_are_a_panic)
{
	CHECK(is_panic("Kernel panic - not syncing: x"));
	CHECK(is_panic("[    4.286127] Kernel panic - not syncing: x"));
	CHECK(is_panic("<0>[    4.286127] Kernel panic - not syncing: x"));
	CHECK(is_panic("[    4.286127][    T1] Kernel panic - not syncing: x"));
	CHECK(is_panic("[    4.286127] [    C0] Kernel panic - not syncing: x"));
	CHECK(!is_panic("the log has a Kernel panic - not syncing: x"));
	CHECK(!is_panic("[    4.286127] test: Kernel panic - not syncing: x"));
	CHECK(!is_panic("[a] Kernel panic - not syncing: x"));
	CHECK(!is_panic("["));
	CHECK(!is_panic("<0>"));
}

TEST(console, flood_stays_bounded_and_keeps_the_newest)
{
	struct console c = {.name = "m"};
	char line[101];

	memset(line, 'x', sizeof(line));
	line[99] = '\n';
	line[100] = '\0';
	for (int i = 0; i < 20000; i++)
		feed(&c, line);
	feed(&c, "last\n");
	CHECK(c.text.len <= 2 * CONSOLE_KEEP + CONSOLE_LINE_MAX);
	CHECK_STR(c.text.data + c.text.len - 5, "last\n");
	console_free(&c);
}

TEST(console, endless_line_is_cut)
{
	struct console c = {.name = "m"};

	for (int i = 0; i < 3 * CONSOLE_LINE_MAX; i++)
		feed(&c, "x");
	feed(&c, "\n");
	CHECK_INT(c.text.len, CONSOLE_LINE_MAX + 1);
	console_free(&c);
}

/* Return: what console_find() finds, which lives until the next call; "" for nothing. */
static const char *find(struct console *c, const char *expression)
{
	static char *line;
	regex_t regex;

	CHECK_INT(regcomp(&regex, expression, REG_EXTENDED | REG_NOSUB | REG_NEWLINE), 0);
	free(line);
	line = console_find(c, &regex);
	regfree(&regex);
	return line ? line : "";
}

TEST(console, each_line_is_looked_at_once)
{
	struct console c = {.name = "m"};

	feed(&c, "one\ntwo\nthree\n");
	CHECK_STR(find(&c, "^t.*\n"), "two");
	CHECK_STR(find(&c, "^one"), "");
	feed(&c, "three again\n");
	CHECK_STR(find(&c, "^three"), "three again");
	find(&c, "");
	console_free(&c);
}

TEST(console, a_line_without_an_end_is_looked_at_as_far_as_it_goes)
{
	struct console c = {.name = "m"};

	feed(&c, "\033[1mlogin: ");
	CHECK_STR(find(&c, "^login: $"), "login: ");
	CHECK_STR(find(&c, "login"), "");
	feed(&c, "root\nnext");
	CHECK_STR(find(&c, "login"), "");
	CHECK_STR(find(&c, "x"), "next");
	find(&c, "none");
	console_free(&c);
}

TEST(console, what_was_dropped_is_not_looked_for)
{
	struct console c = {.name = "m"};

	feed(&c, "early\nprompt");
	CHECK_STR(find(&c, "early"), "early");
	CHECK_STR(find(&c, "prompt"), "prompt");
	feed(&c, "\n");
	for (int i = 0; i < 200000; i++)
		feed(&c, "flood\n");
	CHECK(c.text.len < 200000 * strlen("flood\n"));
	feed(&c, "last\n");
	CHECK_STR(find(&c, "prompt|last"), "last");
	CHECK_STR(find(&c, ""), "");
	find(&c, "none");
	console_free(&c);
}

TEST(console, nothing_is_sent_to_a_console_that_is_not_there)
{
	struct console c = {.name = "m"};

	CHECK_INT(console_send(&c, "x", 1, CONSOLE_OUT_MAX), -1);
	console_free(&c);
}

TEST(console, what_is_sent_waits_for_a_guest_that_does_not_read)
{
	static char much[CONSOLE_OUT_MAX / 2];
	struct console c = {.name = "m"};
	struct loop l;
	int pair[2];

	CHECK_INT(loop_init(&l, NULL), 0);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	CHECK_INT(console_start(&c, &l, pair[0], NULL), 0);
	memset(much, 'x', sizeof(much));
	CHECK_INT(console_send(&c, much, sizeof(much), CONSOLE_OUT_MAX), 0);
	CHECK_INT(loop_poll(&l, NULL), 0);
	CHECK(stream_is_open(&c.stream));
	CHECK_INT(console_send(&c, much, sizeof(much), CONSOLE_TYPED_MAX), -1);
	close(pair[1]);
	console_free(&c);
	loop_free(&l);
}

/* ---- events ---- */

static void happen(struct events *e, const char *text)
{
	struct json *j = json_parse(text, strlen(text), NULL);

	CHECK(j);
	events_add(e, j);
	json_free(j);
}

static bool took(struct events *e, const char *name, const char *content)
{
	char *text = events_take(e, name, content);
	bool found = text != NULL;

	free(text);
	return found;
}

TEST(events, each_is_found_once_and_others_stay)
{
	struct events e = {0};

	happen(&e, "{\"event\": \"A\", \"data\": {\"device\": \"x\", \"n\": 1}}");
	happen(&e, "{\"event\": \"A\", \"data\": {\"device\": \"y\", \"n\": 1, \"up\": true}}");
	happen(&e, "{\"event\": \"B\"}");
	CHECK(!took(&e, "A", "data.device=z"));
	CHECK(!took(&e, "A", "data.device=y, data.n=2"));
	CHECK(!took(&e, "A", "data=x"));
	CHECK(took(&e, "A", "data.device=y, data.n=1, data.up=true"));
	CHECK(!took(&e, "A", "data.device=y"));
	CHECK(took(&e, "B", ""));
	CHECK(took(&e, "A", ""));
	CHECK(!took(&e, "A", ""));
	events_clear(&e);
}

TEST(events, a_flood_of_them_keeps_the_newest)
{
	struct events e = {0};

	happen(&e, "{\"event\": \"FIRST\"}");
	for (int i = 0; i < 3 * EVENTS_MAX; i++)
		happen(&e, "{\"event\": \"MANY\"}");
	happen(&e, "{\"event\": \"LAST\"}");
	CHECK_INT(e.count, EVENTS_MAX);
	CHECK(!took(&e, "FIRST", ""));
	CHECK(took(&e, "LAST", ""));
	events_clear(&e);
}

/* ---- requests ---- */

static int calls;

static void on_answer(void *arg, const struct frame *f)
{
	(void)arg;
	(void)f;
	calls++;
}

/* Return: 0, or -1 when the frame is refused. */
static int take(struct requests *r, uint16_t type, uint32_t id)
{
	static const uint8_t output[5] = {WIRE_STDOUT}, other[16];
	struct frame f = {.type = type, .id = id, .payload = other, .len = sizeof(other)};

	if (type == WIRE_OUTPUT) {
		f.payload = output;
		f.len = sizeof(output);
	}
	return requests_take(r, &f) ? -1 : 0;
}

TEST(request, is_over_with_its_last_frame)
{
	struct requests r = {0};
	uint32_t id = requests_open(&r, WIRE_EXEC, on_answer, NULL);

	calls = 0;
	CHECK_INT(take(&r, WIRE_OUTPUT, id), 0);
	CHECK_INT(take(&r, WIRE_EXIT, id), 0);
	CHECK_INT(take(&r, WIRE_EXIT, id), 0);
	CHECK_INT(calls, 2);
	CHECK(r.first == NULL);
}

TEST(request, one_that_is_forgotten_is_not_told)
{
	struct requests r = {0};
	uint32_t first = requests_open(&r, WIRE_EXEC, on_answer, NULL), second = requests_open(&r, WIRE_EXEC, on_answer, NULL);

	calls = 0;
	requests_forget(&r, first);
	CHECK_INT(take(&r, WIRE_EXIT, first), 0);
	CHECK_INT(calls, 0);
	CHECK_INT(take(&r, WIRE_EXIT, second), 0);
	CHECK_INT(calls, 1);
	requests_open(&r, WIRE_EXEC, on_answer, NULL);
	requests_clear(&r);
	CHECK(r.first == NULL);
}

TEST(request, an_answer_of_another_kind_is_refused)
{
	struct requests r = {0};
	uint32_t exec = requests_open(&r, WIRE_EXEC, on_answer, NULL), ping = requests_open(&r, WIRE_PING, on_answer, NULL);

	calls = 0;
	CHECK_INT(take(&r, WIRE_DONE, exec), -1);
	CHECK_INT(take(&r, WIRE_OUTPUT, ping), -1);
	CHECK_INT(take(&r, WIRE_EXIT, ping), -1);
	CHECK_INT(calls, 0);
	CHECK_INT(take(&r, WIRE_FAIL, exec), 0);
	CHECK_INT(take(&r, WIRE_DONE, ping), 0);
	CHECK_INT(calls, 2);
}

TEST(request, what_no_agent_sends_is_refused)
{
	struct requests r = {0};
	uint32_t id = requests_open(&r, WIRE_EXEC, on_answer, NULL);

	CHECK_INT(take(&r, WIRE_EXEC, id), -1);
	CHECK_INT(take(&r, 999, 0), -1);
	requests_clear(&r);
}

/* Return: what is said to be wrong with an answer of these fields to request 1. */
static const char *fault_of(uint16_t type, const void *payload, size_t n)
{
	struct requests r = {0};
	uint32_t id = requests_open(&r, type == WIRE_DONE ? WIRE_WAIT : WIRE_EXEC, on_answer, NULL);
	const char *fault = requests_take(&r, &(struct frame){.type = type, .id = id, .payload = payload, .len = n});

	requests_clear(&r);
	return fault ? fault : "";
}

/* The same of a field of @n bytes behind @before. */
static const char *fault_of_long(uint16_t type, const char *before, size_t n)
{
	cleanup_buf struct buf b = {0};

	buf_adds(&b, before);
	for (int i = 0; i < 4; i++)
		buf_addc(&b, (char)(n >> 8 * i));
	memset(buf_reserve(&b, n), 'x', n);
	buf_commit(&b, n);
	return fault_of(type, b.data, b.len);
}

TEST(request, an_answer_without_its_fields_is_refused)
{
	calls = 0;
	CHECK_STR(fault_of(WIRE_OUTPUT, "\1\4\0\0\0abc", 8), "malformed output");
	CHECK_STR(fault_of(WIRE_OUTPUT, "\3\1\0\0\0a", 6), "malformed output");
	CHECK_STR(fault_of(WIRE_EXIT, "\0\0\0\0\0\0\0\0", 8), "malformed exit");
	CHECK_STR(fault_of(WIRE_DONE, "", 0), "malformed result");
	CHECK_STR(fault_of(WIRE_FAIL, "\2\0\0\0a", 5), "malformed failure");
	CHECK_STR(fault_of(WIRE_FAIL, "\2\0\0\0a\0", 6), "malformed failure");
	CHECK_INT(calls, 0);
}

TEST(request, an_answer_is_as_long_as_its_kind_may_be)
{
	calls = 0;
	CHECK_STR(fault_of_long(WIRE_OUTPUT, "\1", WIRE_CHUNK), "");
	CHECK_STR(fault_of_long(WIRE_DONE, "", WIRE_DONE_MAX), "");
	CHECK_STR(fault_of_long(WIRE_FAIL, "", WIRE_REASON_MAX), "");
	CHECK_INT(calls, 3);
	CHECK_STR(fault_of_long(WIRE_OUTPUT, "\1", WIRE_CHUNK + 1), "malformed output");
	CHECK_STR(fault_of_long(WIRE_DONE, "", WIRE_DONE_MAX + 1), "malformed result");
	CHECK_STR(fault_of_long(WIRE_FAIL, "", WIRE_REASON_MAX + 1), "malformed failure");
	CHECK_INT(calls, 3);
}

/* ---- losses ---- */

#define KILLED(sig) (sig)	   /* as waitpid(2) has it */
#define EXITED(code) ((code) << 8)

static char *why;

static enum machine_loss loss(struct loss_facts f)
{
	f.name = "m";
	f.said = f.said ? f.said : "";
	free(why);
	why = NULL;
	return loss_explain(&f, &why);
}

static void end_losses(void)
{
	free(why);
	why = NULL;
}

TEST(loss, what_the_guest_did_is_its_own_fault)
{
	CHECK_INT(loss((struct loss_facts){.state = MACHINE_UP, .panic = "Kernel panic - x", .shutdown = "guest-reset"}),
		  LOSS_GUEST);
	CHECK_STR(why, "the kernel of 'm' panicked: Kernel panic - x");
	CHECK_INT(loss((struct loss_facts){.state = MACHINE_UP, .shutdown = "guest-reset"}), LOSS_GUEST);
	CHECK_HAS(why, "rebooted while it was up");
	CHECK_HAS(why, ".keep = 1");
	CHECK_HAS(why, ".reboot_ok = 1");
	CHECK_INT(loss((struct loss_facts){.state = MACHINE_SETTLING, .shutdown = "guest-shutdown"}), LOSS_GUEST);
	CHECK_HAS(why, "powered itself off while it was waiting for its init");
	end_losses();
}

TEST(loss, what_somebody_did_to_qemu_is_the_hosts)
{
	CHECK_INT(loss((struct loss_facts){.state = MACHINE_UP, .shutdown = "host-signal"}), LOSS_HOST);
	CHECK_HAS(why, "was told from outside to end");
	CHECK_INT(loss((struct loss_facts){.state = MACHINE_UP, .status = KILLED(SIGKILL)}), LOSS_HOST);
	CHECK_INT(loss((struct loss_facts){.state = MACHINE_BOOTING, .status = EXITED(1), .said = "Cannot allocate memory"}),
		  LOSS_HOST);
	CHECK_INT(loss((struct loss_facts){.state = MACHINE_BOOTING, .status = KILLED(SIGBUS)}), LOSS_HOST);
	CHECK_HAS(why, "is the disk full");
	CHECK(machine_loss_is_infra(LOSS_HOST));
	end_losses();
}

TEST(loss, what_qemu_did_by_itself_may_be_the_accelerators)
{
	CHECK_INT(loss((struct loss_facts){.state = MACHINE_BOOTING, .status = KILLED(SIGABRT)}), LOSS_QEMU);
	CHECK_HAS(why, "QEMU of 'm' died while the machine was booting: killed by signal 6");
	CHECK_INT(loss((struct loss_facts){.state = MACHINE_BOOTING, .status = EXITED(1), .said = "bad option"}), LOSS_QEMU);
	CHECK(machine_loss_is_infra(LOSS_QEMU));
	end_losses();
}

TEST(loss, a_state_is_blamed_only_when_qemu_blames_it)
{
	const enum machine_state s = MACHINE_RESUMING;

	CHECK_INT(loss((struct loss_facts){.state = s, .status = EXITED(1), .said = "load of migration failed"}), LOSS_STATE);
	CHECK_STR(why, "load of migration failed");
	CHECK_INT(loss((struct loss_facts){.state = s, .status = KILLED(SIGKILL), .refusal = "no such section"}), LOSS_STATE);
	CHECK_STR(why, "no such section");
	CHECK_INT(loss((struct loss_facts){.state = s, .status = KILLED(SIGSEGV)}), LOSS_STATE);
	CHECK_INT(loss((struct loss_facts){.state = s, .status = KILLED(SIGBUS)}), LOSS_STATE); /* a file cut short */
	CHECK_INT(loss((struct loss_facts){.state = s, .status = KILLED(SIGKILL)}), LOSS_STATE_UNREAD);
	CHECK_INT(loss((struct loss_facts){.state = s, .shutdown = "host-signal"}), LOSS_STATE_UNREAD);
	CHECK_INT(loss((struct loss_facts){.state = s, .status = EXITED(127)}), LOSS_STATE_UNREAD);
	CHECK_INT(loss((struct loss_facts){.state = s, .status = EXITED(1), .said = "can't open backing store /x"}),
		  LOSS_STATE_UNREAD);
	end_losses();
}
