/* attach.c - `vmtap attach`: a shell in a machine that a failed test has left, or that a test waits at */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/interact.h"
#include "machine/spec.h"
#include "wire/frame.h"
#include "world/door.h"

#define ANSWER_S     5	   /* for a world to say what it is */
#define READ_SIZE    65536 /* bytes taken from the socket at once */
#define MINUTES_FROM 120   /* seconds from which on time is told in minutes */

struct attach_options {
	int list, console, log, end;
};

const struct option cmd_attach_options[] = {
	{"list", 'l', OPTION_FLAG, NULL, offsetof(struct attach_options, list), "say what there is"},
	{"console", 0, OPTION_FLAG, NULL, offsetof(struct attach_options, console), "the serial console instead of a shell"},
	{"log", 0, OPTION_FLAG, NULL, offsetof(struct attach_options, log), "print what the console has said"},
	{"end", 0, OPTION_FLAG, NULL, offsetof(struct attach_options, end), "it is not needed any more; all, without a name"},
	{0},
};

/**
 * struct place - A world that waits for people
 * @path:	Of its socket, and @fd a connection to it
 * @in:		What came there
 * @title, @at, @why: As it says them, cleaned
 * @seconds:	That are left, or UINT64_MAX
 * @machine:	That it is about, of @nmachines
 */
struct place {
	char *path;
	int fd;
	struct buf in;
	char *title, *at, *why;
	uint64_t seconds;
	uint32_t machine, nmachines;
	char *names[SPEC_MACHINES_MAX], *states[SPEC_MACHINES_MAX];
};

/* ---- a world ---- */

/* Return: 1 with @f set to the next frame, which the next call drops; 0 at the end of the connection, or of the time. */
static int next_frame(struct place *p, struct frame *f, uint64_t deadline)
{
	int whole;

	if (f->payload)
		buf_consume(&p->in, wire_size(f));
	while ((whole = wire_next(&p->in, f)) == 0) {
		ssize_t n = fd_await(p->fd, deadline) ? read(p->fd, buf_reserve(&p->in, READ_SIZE), READ_SIZE) : 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		buf_commit(&p->in, (size_t)n);
	}
	return whole > 0;
}

/* What a test or a guest said, for a terminal, its first line. The caller frees it. */
static char *get_text(struct wire_reader *r)
{
	cleanup_buf struct buf clean = {0};
	size_t n;
	const char *bytes = wire_get_bytes(r, &n);

	text_clean(&clean, bytes, n);
	return xstrndup(buf_str(&clean), strcspn(buf_str(&clean), "\n"));
}

static bool read_welcome(struct place *p, const struct frame *f)
{
	struct wire_reader r = wire_read(f);

	p->title = get_text(&r);
	p->at = get_text(&r);
	p->why = get_text(&r);
	p->seconds = wire_get_u64(&r);
	p->machine = wire_get_u32(&r);
	p->nmachines = wire_get_u32(&r);
	if (p->nmachines > SPEC_MACHINES_MAX)
		r.bad = true;
	for (uint32_t i = 0; i < p->nmachines && !r.bad; i++) {
		p->names[i] = get_text(&r);
		p->states[i] = get_text(&r);
	}
	return !r.bad && p->machine < p->nmachines;
}

static int come_to(struct place *p, const char *path, struct err *err)
{
	struct frame f = {0};

	*p = (struct place){.path = xstrdup(path), .fd = door_knock(path, err)};
	if (p->fd < 0)
		return -1;
	if (next_frame(p, &f, clock_now() + ANSWER_S * NS_PER_S) && f.type == WIRE_WELCOME && read_welcome(p, &f)) {
		buf_consume(&p->in, wire_size(&f));
		return 0;
	}
	return err_set(err, "what is at '%s' does not answer, or another vmtap than this one has made it", path);
}

static void print_place(const struct place *p)
{
	printf("%s  %s\n", path_base(p->path), p->title);
	printf("    %s%s%s\n", p->at, *p->at ? ": " : "", p->why);
	printf("    machines:");
	for (uint32_t i = 0; i < p->nmachines; i++)
		printf("%s %s (%s)", i ? "," : "", p->names[i], p->states[i]);
	if (p->seconds == UINT64_MAX)
		puts("; no time limit");
	else if (p->seconds > MINUTES_FROM)
		printf("; for %llu min more\n", (unsigned long long)p->seconds / 60);
	else
		printf("; for %llu s more\n", (unsigned long long)p->seconds);
	printf("    %s\n", p->path);
}

/* ---- which one ---- */

struct places {
	struct place list[2 * DOOR_NUMBERS];
	size_t n;
};

/* All that there are; one that does not answer is told, and is none. */
static void find_all(struct places *all)
{
	cleanup_buf struct buf paths = {0};
	char *rest = NULL;

	door_list(&paths);
	for (char *path = strtok_r(paths.len ? paths.data : (char[]){""}, "\n", &rest); path; path = strtok_r(NULL, "\n", &rest)) {
		struct err err = {0};

		if (all->n < ARRAY_SIZE(all->list) && come_to(&all->list[all->n], path, &err) == 0)
			all->n++;
		else
			log_line("%s", err.text);
	}
}

static bool is_name(const char *word)
{
	return strchr(word, '/') || !word[strspn(word, "0123456789")];
}

/* Keep only the one of that name, or at that address. Return: 0, or -1. */
static int choose(struct places *all, const char *name, struct err *err)
{
	if (strchr(name, '/')) {
		all->n = 1;
		return come_to(&all->list[0], name, err);
	}
	for (size_t i = 0; i < all->n; i++) {
		if (strcmp(path_base(all->list[i].path), name) != 0)
			continue;
		all->list[0] = all->list[i];
		all->n = 1;
		return 0;
	}
	err_set(err, "nothing is kept as '%s'", name);
	return err_hint(err, "`vmtap attach --list` says what is");
}

/* Return: 0, or -1. */
static int choose_machine(struct place *p, const char *name, struct err *err)
{
	const char *names[SPEC_MACHINES_MAX + 1] = {NULL};
	const char *near;

	for (uint32_t i = 0; i < p->nmachines; i++) {
		names[i] = p->names[i];
		if (!name || strcmp(name, names[i]) != 0)
			continue;
		p->machine = i;
		return 0;
	}
	if (!name)
		return 0;
	near = text_nearest(name, names);
	err_set(err, "\"%s\" has no machine '%s'", p->title, name);
	return err_hint(err, near ? "did you mean '%s'?" : "the first is '%s'", near ? near : names[0]);
}

/* ---- what is done there ---- */

static int send_frames(const struct place *p, const struct buf *out)
{
	return fd_write_all(p->fd, out->data, out->len);
}

/* It is over when the connection is. */
static void end_place(struct place *p)
{
	cleanup_buf struct buf out = {0};
	struct frame f = {0};

	wire_end(&out, wire_begin(&out, WIRE_DISMISS, 0));
	if (send_frames(p, &out) < 0)
		return;
	while (next_frame(p, &f, clock_now() + ANSWER_S * NS_PER_S))
		;
}

static int print_log(struct place *p)
{
	cleanup_buf struct buf out = {0};
	size_t mark = wire_begin(&out, WIRE_CALL, 1);
	struct frame f = {0};

	wire_put_u32(&out, p->machine);
	wire_put_u8(&out, WIRE_CALL_CONSOLE_TEXT);
	wire_put_u64(&out, CLOCK_NEVER);
	for (int i = 0; i < 2; i++)
		wire_put_str(&out, "");
	wire_put_u32(&out, 0);
	for (int i = 0; i < 2; i++)
		wire_put_str(&out, "");
	wire_end(&out, mark);
	if (send_frames(p, &out) < 0)
		return EXIT_INFRA;
	while (next_frame(p, &f, clock_now() + ANSWER_S * NS_PER_S) && f.type != WIRE_RESULT) {
		struct wire_reader r = wire_read(&f);
		const char *bytes;
		size_t n;

		wire_get_u8(&r);
		bytes = wire_get_bytes(&r, &n);
		if (f.type == WIRE_OUTPUT && fd_write_all(STDOUT_FILENO, bytes, n) < 0)
			return EXIT_INFRA;
	}
	return f.type == WIRE_RESULT ? EXIT_PASSED : EXIT_INFRA;
}

/* Return: an exit status, the shell's. */
static int go_there(struct place *p, bool console)
{
	struct relay relay = {.call = console ? WIRE_CALL_CONSOLE : WIRE_CALL_SHELL, .machine = p->machine};
	struct terminal terminal;
	const struct relay_result *result;

	terminal_look(&terminal);
	if (!interact_init(&terminal)) {
		log_line("out of memory");
		return EXIT_INFRA;
	}
	if (terminal.is_tty)
		log_line("\"%s\"%s%s: %s\n%s in '%s': %s~. at the start of a line leaves, and `vmtap attach --end` ends it",
			 p->title, *p->at ? ", " : "", p->at, p->why, console ? "the console" : "root's shell", p->names[p->machine],
			 console ? "" : "exit or ");
	result = interact_relay(&relay, p->fd);
	if (!result->over)
		log_line("the session was cut off: the process that had the terminal was killed");
	return result->over ? result->status : EXIT_INFRA;
}

static int list(const struct places *all)
{
	for (size_t i = 0; i < all->n; i++)
		print_place(&all->list[i]);
	return EXIT_PASSED;
}

/* Return: 0 with one place in @all, and its machine chosen; or -1. */
static int choose_one(struct places *all, const char *name, const char *machine, struct err *err)
{
	cleanup_free char *folder = door_folder();

	if (name && choose(all, name, err) < 0)
		return -1;
	if (all->n == 0) {
		err_set(err, "nothing is kept: no test has failed under `vmtap run --keep`, or its time is over");
		return err_hint(err, "it would be in '%s'; `vmtap attach ADDRESS` takes the path that the run has told", folder);
	}
	if (all->n > 1) {
		list(all);
		return err_set(err, "%zu are there: say which one, as in `vmtap attach %s`", all->n, path_base(all->list[0].path));
	}
	return choose_machine(&all->list[0], machine, err);
}

int cmd_attach(char **argv)
{
	static struct places all;
	struct attach_options o = {0};
	struct err err = {0};
	const char *name, *machine;
	int n, status = cmd_parse("attach", cmd_attach_options, &o, argv, &n);

	if (status >= 0)
		return status;
	name = argv[0] && is_name(argv[0]) ? argv[0] : NULL;
	machine = argv[name ? 1 : 0];
	if (n > (name ? 2 : 1)) {
		err_set(&err, "there is '%s' behind the machine's name", argv[name ? 2 : 1]);
		return cmd_wrong("attach", err.text);
	}
	if (!name || !strchr(name, '/'))
		find_all(&all);
	if (o.list)
		return list(&all);
	if (o.end && !name && all.n) {
		for (size_t i = 0; i < all.n; i++)
			end_place(&all.list[i]);
		return EXIT_PASSED;
	}
	if (choose_one(&all, name, machine, &err) < 0) {
		log_line("%s", err.text);
		return EXIT_WRONG;
	}
	if (o.end) {
		end_place(&all.list[0]);
		return EXIT_PASSED;
	}
	return o.log ? print_log(&all.list[0]) : go_there(&all.list[0], o.console);
}
