/* world_run.c - a test's world from its beginning to its end, with a script's process that is ours */
#include "unit.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fd.h"
#include "fake_qemu.h"
#include "wire/script.h"
#include "world/world.h"

static char kernel[] = "/dev/null", initrd[] = "/dev/null";
static struct machine_spec machine = {.name = "m", .hostname = "m", .memory = 1, .cpus = 1, .kernel = kernel, .initrd = initrd};
static const struct accel accel = {.kind = ACCEL_TCG, .slow = 0.01}; /* deadlines of a second are 10 ms */
static struct spec spec = {.accel = &accel, .qemu = FAKE_QEMU, .store = "/nowhere", .machines = &machine, .nmachines = 1,
			   .cold = true};

static struct world_outcome out;

/* Run a script. Return: the test's message, "" for none. */
static const char *run(void (*script)(void *arg, int fd))
{
	spec.boot_timeout = spec.call_timeout = 60;
	if (!spec.test_timeout)
		spec.test_timeout = 60;
	world_run(&spec, script, NULL, &out);
	spec.test_timeout = 0;
	CHECK(waitpid(-1, NULL, WNOHANG) == -1); /* nothing is left */
	return out.result.reason ? out.result.reason : "";
}

static void end(void)
{
	world_outcome_free(&out);
}

/* ---- scripts ---- */

static void say(int fd, struct buf *b, size_t mark)
{
	wire_end(b, mark);
	if (fd_write_all(fd, b->data, b->len) < 0)
		_exit(9);
	buf_free(b);
}

static void call(int fd, uint8_t kind)
{
	struct buf b = {0};
	size_t mark = wire_begin(&b, WIRE_CALL, 1);

	wire_put_u32(&b, 0);
	wire_put_u8(&b, kind);
	wire_put_u64(&b, CLOCK_NEVER);
	wire_put_str(&b, "true");
	wire_put_str(&b, "");
	wire_put_u32(&b, 0);
	wire_put_str(&b, "web.succeed(\"true\")");
	wire_put_str(&b, "t.c:7");
	say(fd, &b, mark);
}

/* Return: the outcome of the call, whatever came before it. */
static unsigned answer(int fd)
{
	static struct ear e;
	struct frame f;

	e.fd = fd;
	while (ear_next(&e, &f) != WIRE_RESULT)
		if (!f.payload)
			_exit(9);
	return f.payload[0];
}

static void fail(int fd, const char *message)
{
	struct buf b = {0};
	size_t mark = wire_begin(&b, WIRE_EVENT, 0);

	wire_put_u8(&b, WIRE_EVENT_FAILURE);
	wire_put_str(&b, "t.c:1");
	wire_put_str(&b, message);
	wire_put_u32(&b, 0);
	say(fd, &b, mark);
}

static _Noreturn void finish(int fd)
{
	struct buf b = {0};

	say(fd, &b, wire_begin(&b, WIRE_FINISHED, 0));
	_exit(0);
}

static void well(void *arg, int fd)
{
	(void)arg;
	call(fd, WIRE_CALL_EXEC);
	if (answer(fd) != WIRE_OK)
		fail(fd, "not well");
	finish(fd);
}

static void dies(void *arg, int fd)
{
	(void)arg;
	(void)fd;
	_exit(3);
}

static void is_killed(void *arg, int fd)
{
	(void)arg;
	(void)fd;
	raise(SIGKILL);
}

static void hangs_up(void *arg, int fd)
{
	(void)arg;
	close(fd);
	for (;;)
		pause();
}

static void hangs_up_when_done(void *arg, int fd)
{
	struct buf b = {0};

	(void)arg;
	say(fd, &b, wire_begin(&b, WIRE_FINISHED, 0));
	hangs_up(NULL, fd);
}

static void calls_twice(void *arg, int fd)
{
	(void)arg;
	call(fd, WIRE_CALL_EXEC);
	call(fd, WIRE_CALL_EXEC);
	pause();
}

static void calls_what_is_not(void *arg, int fd)
{
	(void)arg;
	call(fd, WIRE_CALL_KINDS);
	pause();
}

static void talks_nonsense(void *arg, int fd)
{
	(void)arg;
	(void)!write(fd, "nonsense, nonsense", 18);
	pause();
}

static void computes(void *arg, int fd)
{
	(void)arg;
	(void)fd;
	for (;;)
		pause();
}

/* Another process of its group has the socket, and says more than anybody reads. */
static void leaves_a_flood(void *arg, int fd)
{
	struct buf b = {0};

	(void)arg;
	if (fork() == 0) {
		for (int i = 0; i < 1000; i++)
			wire_end(&b, wire_begin(&b, WIRE_FINISHED, 0));
		for (;;)
			(void)!write(fd, b.data, b.len);
	}
	_exit(0);
}

static void crashes_its_machine_and_fails(void *arg, int fd)
{
	(void)arg;
	fail(fd, "one is not two");
	call(fd, WIRE_CALL_EXEC);
	answer(fd);
	finish(fd);
}

/* ---- the cases ---- */

TEST(world, one_call_and_its_end)
{
	fake_qemu("", "");
	CHECK_STR(run(well), "");
	CHECK_INT(out.result.verdict, VERDICT_PASSED);
	CHECK(out.came_up);
	CHECK_STR(out.qemu_version, "7.2.0");
	end();
}

TEST(world, a_script_that_ends_too_early_is_a_failure_of_the_test)
{
	CHECK_STR(run(dies), "the script process ended in the middle of the test: exit status 3");
	CHECK(!out.result.infra);
	end();
}

TEST(world, a_script_that_is_killed_is_a_failure_of_the_infrastructure)
{
	CHECK_HAS(run(is_killed), "the script process ended in the middle of the test: killed by signal 9");
	CHECK(out.result.infra);
	end();
}

TEST(world, a_script_that_hangs_up_is_a_failure_of_the_test)
{
	CHECK_STR(run(hangs_up), "the script's process closed its connection to the world: its memory is damaged");
	CHECK(!out.result.infra);
	end();
}

TEST(world, a_script_that_is_done_and_does_not_end_is_ended)
{
	CHECK_STR(run(hangs_up_when_done), "");
	CHECK_INT(out.result.verdict, VERDICT_PASSED);
	end();
}

TEST(world, a_script_that_breaks_the_protocol_is_named)
{
	fake_qemu("silent", "");
	CHECK_HAS(run(calls_twice), "the script's process made a call while another one was under way");
	end();
	CHECK_HAS(run(calls_what_is_not), "the script's process sent a malformed call");
	CHECK(!out.result.infra);
	end();
	CHECK_HAS(run(talks_nonsense), "the script's process sent bytes that are not a frame");
	end();
}

TEST(world, what_a_script_leaves_behind_ends_with_it)
{
	run(leaves_a_flood);
	end();
}

TEST(world, a_script_that_takes_no_notice_of_its_time_is_killed)
{
	spec.test_timeout = 0.01;
	CHECK_STR(run(computes), "the test's time limit passed and the script did not stop");
	CHECK(!out.result.infra);
	end();
}

TEST(world, a_loss_of_the_infrastructure_excuses_what_fails_after_it_and_not_before)
{
	fake_qemu("dies", "no room");
	CHECK_STR(run(well), "not well");
	CHECK(out.result.infra);
	end();
	CHECK_STR(run(crashes_its_machine_and_fails), "one is not two");
	CHECK(!out.result.infra);
	end();
}
