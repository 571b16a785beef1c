/* visitors.c - people at the machines of a world: who is let in, what they may ask, when it is over */
#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "ear.h"
#include "world/visitors.h"

/* A machine without a QEMU, and what the visitors' owner was told. */
static struct scene {
	struct loop loop;
	struct machine machine;
	struct life life;
	struct visitors visitors;
	int arrived, left, over;
	bool script; /* it can be entered: its end of the socket is closed at once */
	char runtime[64];
} s;

static const struct accel accel = {.kind = ACCEL_TCG, .slow = 1};
static struct net_spec net = {.name = "lan", .mtu = 1500};
static struct machine_spec machine_spec = {.name = "web", .hostname = "web", .nets = {0}, .nnets = 1};
static const struct spec spec = {.accel = &accel, .machines = &machine_spec, .nmachines = 1, .nets = &net, .nnets = 1,
				 .boot_timeout = 1, .call_timeout = 60, .visits.title = "a test"};

static void on_arrival(void *arg)
{
	(void)arg;
	s.arrived++;
}

static void on_leave(void *arg)
{
	(void)arg;
	s.left++;
}

static void on_end(void *arg)
{
	(void)arg;
	s.over++;
}

/* The script's process says a word and is gone. */
static bool on_enter(void *arg, int fd)
{
	(void)arg;
	return s.script && write(fd, "in", 2) == 2;
}

static void on_change(void *arg, struct machine *m)
{
	(void)arg;
	visitors_machine_changed(&s.visitors, m);
}

static void begin(double seconds)
{
	static const struct machine_owner owner = {.up = on_change, .stopped = on_change};

	s = (struct scene){.runtime = "/tmp/vmtap-visitors-XXXXXX"};
	CHECK(mkdtemp(s.runtime) != NULL);
	setenv("XDG_RUNTIME_DIR", s.runtime, 1);
	CHECK_INT(loop_init(&s.loop, NULL), 0);
	machine_init(&s.machine, &spec, 0, &s.loop, NULL, &owner);
	life_init(&s.life, &s.machine, &owner);
	s.machine.state = MACHINE_UP;
	s.machine.used = true;
	console_feed(&s.machine.console, "spoken\n", 7);
	s.visitors = (struct visitors){.loop = &s.loop, .lives = &s.life, .nlives = 1, .spec = &spec, .seconds = seconds,
				       .grace = NS_PER_MS, .arrived = on_arrival, .left = on_leave, .over = on_end, .enter = on_enter};
	CHECK_INT(visitors_open(&s.visitors, "t.c:7", "it failed: badly", 0, NULL), 0);
}

static void end(void)
{
	visitors_close(&s.visitors);
	machine_free(&s.machine);
	life_free(&s.life);
	loop_free(&s.loop);
	CHECK_INT(rmdir(s.runtime), 0);
}

/* Let everything happen that has been begun. */
static void settle(void)
{
	for (int i = 0; i < 5; i++)
		CHECK_INT(loop_poll(&s.loop, NULL), 0);
}

/* Somebody comes, and is told what there is. */
static struct ear come(void)
{
	struct ear e = {.fd = door_knock(s.visitors.door.path, NULL)};
	cleanup_free char *title = NULL, *place = NULL, *why = NULL;
	struct wire_reader r;
	struct frame f;

	fd_set_nonblock(e.fd, 1);
	settle();
	CHECK_INT(ear_next(&e, &f), WIRE_WELCOME);
	r = wire_read(&f);
	title = wire_get_str(&r);
	place = wire_get_str(&r);
	why = wire_get_str(&r);
	CHECK_STR(title, "a test");
	CHECK_STR(place, "t.c:7");
	CHECK_STR(why, "it failed: badly");
	return e;
}

static void ask(const struct ear *e, enum wire_call kind)
{
	cleanup_buf struct buf b = {0};
	size_t mark = wire_begin(&b, WIRE_CALL, 1);

	wire_put_u32(&b, 0);
	wire_put_u8(&b, (uint8_t)kind);
	wire_put_u64(&b, CLOCK_NEVER);
	wire_put_str(&b, "");
	wire_put_bytes(&b, "", 0);
	wire_put_u32(&b, 0);
	wire_put_str(&b, "");
	wire_put_str(&b, "");
	wire_end(&b, mark);
	CHECK_INT(fd_write_all(e->fd, b.data, b.len), 0);
	settle();
}

static void say(const struct ear *e, enum wire_script_type type)
{
	cleanup_buf struct buf b = {0};

	wire_end(&b, wire_begin(&b, (uint16_t)type, 0));
	CHECK_INT(fd_write_all(e->fd, b.data, b.len), 0);
	settle();
}

TEST(visitors, what_a_console_has_said_is_told_and_is_no_visit)
{
	struct ear e;
	struct frame f;

	begin(0);
	e = come();
	ask(&e, WIRE_CALL_CONSOLE_TEXT);
	CHECK_INT(ear_next(&e, &f), WIRE_OUTPUT);
	CHECK_INT(f.len, 1 + 4 + 7);
	CHECK_INT(ear_next(&e, &f), WIRE_RESULT);
	CHECK_INT(s.arrived, 0);
	ear_close(&e);
	settle();
	CHECK_INT(s.left, 0);
	CHECK_INT(s.visitors.count, 0);
	end();
}

TEST(visitors, the_first_who_comes_and_the_last_who_leaves_are_told)
{
	struct ear a, b;

	begin(0);
	a = come();
	b = come();
	ask(&a, WIRE_CALL_CONSOLE);
	ask(&b, WIRE_CALL_CONSOLE);
	CHECK_INT(s.arrived, 1);
	ear_close(&a);
	settle();
	CHECK_INT(s.left, 0);
	ear_close(&b);
	settle();
	CHECK_INT(s.left, 1);
	CHECK(!s.machine.console.ears);
	CHECK(visitors_are_welcome(&s.visitors));
	end();
}

TEST(visitors, who_stays_is_there_between_calls)
{
	struct ear e;
	struct frame f;

	begin(0);
	e = come();
	say(&e, WIRE_STAY);
	CHECK_INT(s.arrived, 1);
	ask(&e, WIRE_CALL_IS_UP);
	CHECK_INT(ear_next(&e, &f), WIRE_RESULT);
	CHECK_INT(s.left, 0);
	ear_close(&e);
	settle();
	CHECK_INT(s.left, 1);
	CHECK_INT(s.arrived, 1);
	end();
}

/* Ask to go into the script. Return: the socket that leads there, or -1. */
static int enter(const struct ear *e)
{
	char header[WIRE_HEADER_SIZE];
	struct frame f;
	struct buf b = {.data = header, .len = sizeof(header)};
	int fd;

	say(e, WIRE_ENTER);
	CHECK_INT(fd_receive(e->fd, header, sizeof(header), &fd), sizeof(header));
	CHECK_INT(wire_next(&b, &f), 1);
	CHECK_INT(f.type, WIRE_ENTER);
	return fd;
}

TEST(visitors, who_asks_is_let_into_the_script)
{
	struct ear e;
	char word[8];
	int fd;

	begin(0);
	e = come();
	CHECK_INT(enter(&e), -1);
	s.script = true;
	fd = enter(&e);
	CHECK_INT(read(fd, word, sizeof(word)), 2);
	CHECK_INT(read(fd, word, sizeof(word)), 0); /* nobody else has the other end */
	CHECK_INT(s.arrived, 0);
	close(fd);
	ear_close(&e);
	end();
}

TEST(visitors, a_call_is_a_visit_while_it_lasts)
{
	struct ear e;
	struct frame f;

	begin(0);
	e = come();
	ask(&e, WIRE_CALL_IS_UP);
	CHECK_INT(ear_next(&e, &f), WIRE_RESULT);
	CHECK_INT(s.arrived, 1);
	CHECK_INT(s.left, 1);
	ear_close(&e);
	end();
}

TEST(visitors, what_only_a_script_may_ask_ends_the_connection)
{
	struct ear e;
	struct frame f;
	char byte;

	begin(0);
	e = come();
	ask(&e, WIRE_CALL_INTERACT);
	CHECK_INT(ear_next(&e, &f), 0);
	CHECK_INT(read(e.fd, &byte, 1), 0); /* closed */
	ear_close(&e);
	CHECK_INT(s.machine.state, MACHINE_UP);
	end();
}

TEST(visitors, garbage_ends_the_connection)
{
	struct ear e;
	char byte;

	begin(0);
	e = come();
	CHECK_INT(fd_write_all(e.fd, "this is no frame at all", 23), 0);
	settle();
	CHECK_INT(read(e.fd, &byte, 1), 0);
	CHECK_INT(s.visitors.count, 0);
	ear_close(&e);
	end();
}

TEST(visitors, one_too_many_is_sent_away)
{
	struct ear e[VISITORS_MAX];
	char byte;
	int fd;

	begin(0);
	for (size_t i = 0; i < ARRAY_SIZE(e); i++)
		e[i] = come();
	fd = door_knock(s.visitors.door.path, NULL);
	settle();
	CHECK_INT(read(fd, &byte, 1), 0);
	close(fd);
	for (size_t i = 0; i < ARRAY_SIZE(e); i++)
		ear_close(&e[i]);
	settle();
	CHECK_INT(s.visitors.count, 0);
	end();
}

TEST(visitors, it_is_over_when_somebody_says_so)
{
	struct ear e;

	begin(0);
	e = come();
	say(&e, WIRE_DISMISS);
	CHECK_INT(s.over, 1);
	ear_close(&e);
	end();
}

TEST(visitors, it_is_over_when_nobody_was_there_for_long)
{
	struct ear e;

	begin(100);
	e = come();
	ask(&e, WIRE_CALL_CONSOLE);
	CHECK(!s.visitors.limit.active); /* somebody is */
	ear_close(&e);
	settle();
	CHECK(s.visitors.limit.active);
	loop_timer(&s.loop, &s.visitors.limit, clock_now());
	settle();
	CHECK_INT(s.over, 1);
	end();
}

TEST(visitors, a_machine_that_goes_ends_a_visit)
{
	struct ear e;
	struct frame f;

	begin(0);
	e = come();
	ask(&e, WIRE_CALL_CONSOLE);
	CHECK_INT(ear_next(&e, &f), WIRE_TAKEN);
	CHECK_INT(ear_next(&e, &f), WIRE_OUTPUT);
	machine_fail(&s.machine, LOSS_GUEST, xstrdup("it is gone"));
	settle();
	CHECK_INT(ear_next(&e, &f), WIRE_RESULT);
	CHECK_INT(s.left, 1);
	ear_close(&e);
	end();
}

TEST(visitors, who_is_dismissed_is_gone_a_moment_later_and_others_may_come)
{
	struct ear e;
	char byte;

	begin(0);
	e = come();
	visitors_dismiss(&s.visitors);
	CHECK(!visitors_are_welcome(&s.visitors));
	settle();
	CHECK_INT(read(e.fd, &byte, 1), 0);
	ear_close(&e);
	CHECK_INT(visitors_open(&s.visitors, "t.c:7", "it failed: badly", 0, NULL), 0);
	e = come();
	ear_close(&e);
	end();
}
