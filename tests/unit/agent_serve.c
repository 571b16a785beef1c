/* agent_serve.c - the agent's conversation with the host */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "agent.h"

static void hear_hello(struct host *h)
{
	struct frame f = host_hear(h);

	CHECK_INT(f.type, WIRE_HELLO);
	CHECK_INT(f.id, 0);
}

TEST(agent, warnings_are_cut_so_that_hello_fits)
{
	cleanup_free char *warnings = xcalloc(1, 2 * WIRE_PAYLOAD_MAX);
	struct wire_reader r;
	struct frame f;
	struct host h;
	size_t n;

	memset(warnings, 'w', 2 * WIRE_PAYLOAD_MAX - 1);
	host_begin(&h, warnings);
	f = host_hear(&h);
	CHECK_INT(f.type, WIRE_HELLO);
	r = wire_read(&f);
	CHECK_INT(wire_get_u32(&r), WIRE_VERSION);
	free(wire_get_str(&r));
	free(wire_get_str(&r));
	wire_get_bytes(&r, &n);
	CHECK_INT(n, WIRE_WARNINGS_MAX);
	CHECK(!r.bad && r.left == 0);
	host_end(&h);
}

TEST(agent, a_ping_is_answered_while_others_wait_and_run)
{
	struct host h;
	struct frame f;
	size_t mark;

	host_begin(&h, "");
	hear_hello(&h);
	host_say(&h, WIRE_EXEC, 1, "exec sleep 1000");
	mark = wire_begin(&h.out, WIRE_WAIT, 2);
	wire_put_u8(&h.out, WIRE_WAIT_SUCCEEDS);
	wire_put_str(&h.out, "exec sleep 1000");
	wire_put_str(&h.out, "");
	wire_put_u32(&h.out, 0);
	wire_end(&h.out, mark);
	host_say(&h, WIRE_PING, 3, NULL);
	f = host_hear(&h);
	CHECK(f.type == WIRE_DONE && f.id == 3);
	host_say(&h, WIRE_CANCEL, 2, NULL);
	f = host_hear(&h);
	CHECK(f.type == WIRE_FAIL && f.id == 2);
	host_say(&h, WIRE_CANCEL, 1, NULL);
	f = host_hear(&h);
	CHECK(f.type == WIRE_EXIT && f.id == 1);
	host_end(&h);
}

/* The host reads, and so the output of a command and of a file never ends: PING comes through between them. */
TEST(agent, a_ping_is_answered_amid_endless_output)
{
	struct host h;
	struct frame f;

	host_begin(&h, "");
	hear_hello(&h);
	host_say(&h, WIRE_EXEC, 1, "exec cat /dev/zero");
	CHECK_INT(host_hear(&h).type, WIRE_OUTPUT);
	host_say(&h, WIRE_PING, 2, NULL);
	f = host_hear_end(&h);
	CHECK(f.type == WIRE_DONE && f.id == 2);
	host_say(&h, WIRE_CANCEL, 1, NULL);
	f = host_hear_end(&h);
	CHECK(f.type == WIRE_EXIT && f.id == 1);
	host_end(&h);
}

TEST(agent, no_piece_of_output_is_larger_than_a_chunk)
{
	struct host h;
	struct frame f;
	size_t most = 0, sum = 0, n;

	host_begin(&h, "");
	hear_hello(&h);
	host_say(&h, WIRE_EXEC, 1, "head -c 300000 /dev/zero");
	while ((f = host_hear(&h)).type == WIRE_OUTPUT) {
		struct wire_reader r = wire_read(&f);

		CHECK_INT(wire_get_u8(&r), WIRE_STDOUT);
		wire_get_bytes(&r, &n);
		most = n > most ? n : most;
		sum += n;
	}
	CHECK_INT(f.type, WIRE_EXIT);
	CHECK_INT(sum, 300000);
	CHECK(most <= WIRE_CHUNK);
	host_end(&h);
}

TEST(agent, a_result_keeps_to_its_limit)
{
	struct host h;
	struct wire_reader r;
	struct frame f;
	size_t mark, n;

	host_begin(&h, "");
	hear_hello(&h);
	mark = wire_begin(&h.out, WIRE_WAIT, 1);
	wire_put_u8(&h.out, WIRE_WAIT_SUCCEEDS);
	wire_put_str(&h.out, "head -c 3000000 /dev/zero");
	wire_put_str(&h.out, "");
	wire_put_u32(&h.out, 0);
	wire_end(&h.out, mark);
	host_send(&h);
	f = host_hear(&h);
	CHECK_INT(f.type, WIRE_DONE);
	r = wire_read(&f);
	wire_get_bytes(&r, &n);
	CHECK_INT(n, WIRE_DONE_MAX);
	host_end(&h);
}

/* Send a WAIT and take it back. Return: the reason of its FAIL, which the caller frees. */
static char *wait_in_vain(struct host *h, enum wire_wait what, const char *subject, unsigned port)
{
	size_t mark = wire_begin(&h->out, WIRE_WAIT, 1);
	struct wire_reader r;
	struct frame f;

	wire_put_u8(&h->out, (uint8_t)what);
	wire_put_str(&h->out, subject);
	wire_put_str(&h->out, "");
	wire_put_u32(&h->out, port);
	wire_end(&h->out, mark);
	host_say(h, WIRE_CANCEL, 1, NULL);
	f = host_hear(h);
	CHECK_INT(f.type, WIRE_FAIL);
	r = wire_read(&f);
	return wire_get_str(&r);
}

TEST(agent, a_wait_for_a_file_in_vain_says_what_is_there_instead)
{
	char dir[] = "/tmp/vmtap-unit-XXXXXX";
	cleanup_free char *wanted = NULL, *link = NULL, *reason = NULL, *other = NULL, *expected = NULL;
	struct host h;

	CHECK(mkdtemp(dir) != NULL);
	wanted = xasprintf("%s/x/y", dir);
	link = xasprintf("%s/b", dir);
	CHECK_INT(symlink("/nowhere", link), 0);
	host_begin(&h, "");
	hear_hello(&h);
	reason = wait_in_vain(&h, WIRE_WAIT_FILE, wanted, 0);
	expected = xasprintf("'%s' does not exist\nwhat is in '%s': b", wanted, dir);
	CHECK_STR(reason, expected);
	other = wait_in_vain(&h, WIRE_WAIT_FILE, link, 0);
	CHECK_HAS(other, "\nit is a symbolic link to '/nowhere', which is not there\nwhat is in '");
	host_end(&h);
	unlink(link);
	rmdir(dir);
}

TEST(agent, a_wait_for_a_port_in_vain_says_what_listens)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cleanup_free char *reason = NULL, *expected = NULL;
	struct host h;

	CHECK(bind(fd, (struct sockaddr *)&a, len) == 0 && listen(fd, 1) == 0 && getsockname(fd, (struct sockaddr *)&a, &len) == 0);
	expected = xasprintf("127.0.0.1:%u", ntohs(a.sin_port));
	host_begin(&h, "");
	hear_hello(&h);
	reason = wait_in_vain(&h, WIRE_WAIT_PORT, "", 1);
	CHECK_HAS(reason, "nothing listens on port 1\nwhat listens: ");
	if (!strstr(reason, "...")) /* so many are not listed */
		CHECK_HAS(reason, expected);
	host_end(&h);
	close(fd);
}

TEST(agent, a_cancel_may_say_how_long_last_words_may_take)
{
	struct host h;
	struct frame f;
	size_t mark;

	host_begin(&h, "");
	hear_hello(&h);
	host_say(&h, WIRE_EXEC, 1, "exec sleep 1000");
	mark = wire_begin(&h.out, WIRE_CANCEL, 1);
	wire_put_u32(&h.out, 4000);
	wire_end(&h.out, mark);
	host_send(&h);
	f = host_hear(&h);
	CHECK(f.type == WIRE_EXIT && f.id == 1);
	host_end(&h);
}

TEST(agent, after_a_broken_stream_it_begins_anew_and_answers_nothing_of_before)
{
	struct host h;
	struct frame f;

	host_begin(&h, "");
	hear_hello(&h);
	host_say(&h, WIRE_EXEC, 1, "echo begun; exec sleep 1000");
	CHECK_INT(host_hear(&h).type, WIRE_OUTPUT);
	buf_adds(&h.out, "this is not a frame");
	host_send(&h);
	hear_hello(&h);
	host_say(&h, WIRE_CANCEL, 1, NULL); /* it is unknown by now: CANCEL is not answered */
	host_say(&h, WIRE_EXEC, 1, "exit 7");
	f = host_hear(&h);
	CHECK(f.type == WIRE_EXIT && f.id == 1);
	host_end(&h);
}

TEST(agent, a_terminal_that_is_none_is_a_failure_at_once)
{
	static const unsigned numbers[] = {0, 64};
	struct host h;

	host_begin(&h, "");
	hear_hello(&h);
	for (unsigned i = 0; i < 2; i++) {
		size_t mark = wire_begin(&h.out, WIRE_WAIT, i + 1);
		cleanup_free char *why = NULL;
		struct frame f;

		wire_put_u8(&h.out, WIRE_WAIT_TTY);
		wire_put_str(&h.out, "");
		wire_put_str(&h.out, "");
		wire_put_u32(&h.out, numbers[i]);
		wire_end(&h.out, mark);
		host_send(&h);
		f = host_hear(&h);
		CHECK_INT(f.type, WIRE_FAIL);
		why = host_reason(&f);
		CHECK_HAS(why, "1 to 63");
	}
	host_end(&h);
}

TEST(agent, an_unknown_message_is_a_failure_and_changes_nothing)
{
	struct host h;
	struct frame f;
	cleanup_free char *why = NULL;

	host_begin(&h, "");
	hear_hello(&h);
	host_say(&h, (enum wire_type)999, 5, NULL);
	f = host_hear(&h);
	why = host_reason(&f);
	CHECK_HAS(why, "does not know message type 999");
	host_say(&h, WIRE_PING, 6, NULL);
	CHECK_INT(host_hear(&h).type, WIRE_DONE);
	host_end(&h);
}

static void say_wait(struct host *h, uint32_t id, enum wire_wait what, const char *subject, const char *second)
{
	size_t mark = wire_begin(&h->out, WIRE_WAIT, id);

	wire_put_u8(&h->out, (uint8_t)what);
	wire_put_str(&h->out, subject);
	wire_put_str(&h->out, second);
	wire_put_u32(&h->out, 0);
	wire_end(&h->out, mark);
	host_send(h);
}

TEST(agent, a_wait_for_what_is_so_already_is_one_round_trip)
{
	struct host h;
	struct frame f;

	host_begin(&h, "");
	hear_hello(&h);
	say_wait(&h, 1, WIRE_WAIT_FILE, "/", "");
	f = host_hear(&h);
	CHECK(f.type == WIRE_DONE && f.id == 1);
	say_wait(&h, 2, WIRE_WAIT_SUCCEEDS, "exit 0", "");
	f = host_hear(&h);
	CHECK(f.type == WIRE_DONE && f.id == 2);
	host_end(&h);
}

TEST(agent, units_are_refused_where_there_is_no_systemd)
{
	struct host h;
	struct frame f;
	cleanup_free char *why = NULL;

	host_begin(&h, "");
	hear_hello(&h);
	say_wait(&h, 1, WIRE_WAIT_UNIT_STATE, "a.service", "active\nalice");
	f = host_hear(&h);
	why = host_reason(&f);
	CHECK_HAS(why, "not systemd");
	host_end(&h);
}
