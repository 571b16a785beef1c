/* fake_qemu.h - a QEMU that is this test program: it speaks QMP, and for its guest's agent
 *
 * A suite that includes it names FAKE_QEMU as its QEMU and tells the next ones
 * what to do by fake_qemu(). What a machine starts then is this program again,
 * which never gets as far as main().
 */
#ifndef UNIT_FAKE_QEMU_H
#define UNIT_FAKE_QEMU_H

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ear.h"
#include "qemu/command.h"
#include "wire/agent.h"

#define FAKE_QEMU "/proc/self/exe"

/* QEMU is told by variables that begin so (confine.h). */
#define FAKE_PLAN  "QEMU_FAKE_PLAN"
#define FAKE_WORDS "QEMU_FAKE_WORDS"

/*
 * In what a QEMU differs from a good one:
 *
 *	dies		it says its words and exits with 1, at once
 *	not-resumed	the same, if it is to resume from a state
 *	floods		it exits at once, and leaves a process that fills its stderr
 *	not-saved	it refuses to save its state, with its words
 *	dies-saving	it exits when it is to save its state
 *	off-saving	its guest powers itself off then
 *	silent		its guest's agent says HELLO and no more
 *	restless	its guest does not become idle, when it is asked to for the second time
 *	off-quiet	its guest powers itself off then
 *	reboots		its guest does so when it is to run a command
 *	disk-full	it cannot write what its guest writes, when that is to run a command
 *	stays-off	its guest powers itself off when it is to reboot
 *	""		nothing
 */
static inline void fake_qemu(const char *plan, const char *words)
{
	setenv(FAKE_PLAN, plan, 1);
	setenv(FAKE_WORDS, words, 1);
}

static inline bool fake_plans(const char *what)
{
	const char *plan = getenv(FAKE_PLAN);

	return plan && strcmp(plan, what) == 0;
}

static inline _Noreturn void fake_die(void)
{
	fprintf(stderr, "%s\n", getenv(FAKE_WORDS));
	_exit(1);
}

static inline _Noreturn void fake_power_off(void)
{
	dprintf(COMMAND_FD_QMP, "{\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true,\"reason\":\"guest-shutdown\"}}\r\n");
	_exit(0);
}

static inline _Noreturn void fake_reset(void)
{
	dprintf(COMMAND_FD_QMP, "{\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true,\"reason\":\"guest-reset\"}}\r\n");
	_exit(0);
}

static inline void fake_send(uint16_t type, uint32_t id)
{
	struct buf b = {0};
	size_t mark = wire_begin(&b, type, id);

	if (type == WIRE_HELLO)
		wire_put_u32(&b, WIRE_VERSION);
	for (int i = 0; i < 4; i++) /* three empty texts, or zeros, are all that any of them needs */
		wire_put_u32(&b, 0);
	wire_end(&b, mark);
	(void)!write(COMMAND_FD_AGENT, b.data, b.len);
	buf_free(&b);
}

static inline void fake_agent(struct ear *e)
{
	static int quiets;
	struct frame f;

	while (ear_next(e, &f)) {
		if (f.type == WIRE_WAIT && f.payload[0] == WIRE_WAIT_QUIET && quiets++) {
			if (fake_plans("off-quiet"))
				fake_power_off();
			if (fake_plans("restless"))
				continue;
		}
		if (fake_plans("silent") || f.type == WIRE_CANCEL)
			continue;
		if (f.type == WIRE_EXEC && fake_plans("reboots"))
			fake_reset();
		if (f.type == WIRE_EXEC && fake_plans("disk-full"))
			dprintf(COMMAND_FD_QMP, "{\"event\":\"BLOCK_IO_ERROR\",\"data\":{\"action\":\"stop\",\"nospace\":true}}\r\n");
		fake_send(f.type == WIRE_EXEC ? WIRE_EXIT : WIRE_DONE, f.id);
		if (f.type == WIRE_POWEROFF && f.payload[0] == WIRE_POWER_REBOOT && !fake_plans("stays-off"))
			fake_reset();
		if (f.type == WIRE_POWEROFF)
			fake_power_off();
	}
}

/* One line of QMP, if one is there. */
static inline void fake_control(void)
{
	const char *words = getenv(FAKE_WORDS);
	char line[512];
	size_t n = 0;

	do
		if (read(COMMAND_FD_QMP, line + n, 1) != 1)
			_exit(0);
	while (line[n] != '\n' && ++n < sizeof(line) - 1);
	line[n] = '\0';
	if (strstr(line, "\"migrate\"")) {
		if (fake_plans("dies-saving"))
			fake_die();
		if (fake_plans("off-saving"))
			fake_power_off();
		if (fake_plans("not-saved")) {
			dprintf(COMMAND_FD_QMP, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"%s\"}}\r\n", words);
			return;
		}
	}
	dprintf(COMMAND_FD_QMP, strstr(line, "query-migrate") ? "{\"return\":{\"status\":\"completed\"}}\r\n" : "{\"return\":{}}\r\n");
	if (strstr(line, "migrate-incoming"))
		dprintf(COMMAND_FD_QMP, "{\"event\":\"RESUME\"}\r\n");
}

static inline _Noreturn void fake_run(bool resumes)
{
	struct pollfd p[2] = {{.fd = COMMAND_FD_QMP, .events = POLLIN}, {.fd = COMMAND_FD_AGENT, .events = POLLIN}};
	struct ear agent = {.fd = COMMAND_FD_AGENT};

	dprintf(COMMAND_FD_QMP, "{\"QMP\":{\"version\":{\"qemu\":{\"major\":7,\"minor\":2,\"micro\":0}}}}\r\n");
	fd_set_nonblock(COMMAND_FD_AGENT, 1);
	if (!resumes)
		fake_send(WIRE_HELLO, 0);
	while (poll(p, 2, -1) > 0) {
		if (p[0].revents)
			fake_control();
		if (p[1].revents)
			fake_agent(&agent);
	}
	_exit(0);
}

/* The other process writes faster than anybody reads, and this one ends when it has begun. */
static inline _Noreturn void fake_flood(void)
{
	static char flood[1 << 16];
	int begun[2];
	char byte = 0;

	for (size_t i = 0; i < sizeof(flood); i++)
		flood[i] = "flood\n"[i % 6];
	if (pipe(begun) < 0)
		_exit(2);
	if (fork() == 0)
		for (;;)
			if (write(2, flood, sizeof(flood)) > 0)
				(void)!write(begun[1], &byte, 1);
	(void)!read(begun[0], &byte, 1);
	_exit(1);
}

/* Before main(): this process may be a QEMU. */
__attribute__((constructor)) static void fake_main(int argc, char **argv)
{
	bool resumes = false;

	for (int i = 1; i < argc; i++)
		resumes |= strcmp(argv[i], "-incoming") == 0;
	if (argc < 2 || strcmp(argv[1], "-name") != 0)
		return;
	if (fake_plans("floods"))
		fake_flood();
	if (fake_plans("dies") || (resumes && fake_plans("not-resumed")))
		fake_die();
	fake_run(resumes);
}

#endif
