/* attach.c - `vmtap attach`: at the machines that a failed test has left, or that a test waits at */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/interact.h"
#include "cmd/plan.h"
#include "cmd/prompt.h"
#include "machine/spec.h"
#include "wire/frame.h"
#include "world/door.h"

#define ANSWER_S     5	   /* for a world to say what it is */
#define READ_SIZE    65536 /* bytes taken from the socket at once */
#define MINUTES_FROM 120   /* seconds from which on time is told in minutes */

struct attach_options {
	int list, console, repl, log, tty, end;
	const char *screenshot;
};

const struct option cmd_attach_options[] = {
	{"list", 'l', OPTION_FLAG, NULL, offsetof(struct attach_options, list), "say what there is"},
	{"console", 0, OPTION_FLAG, NULL, offsetof(struct attach_options, console), "the serial console instead of a shell"},
	{"repl", 0, OPTION_FLAG, NULL, offsetof(struct attach_options, repl), "a C prompt at that line of the script instead of a shell"},
	{"log", 0, OPTION_FLAG, NULL, offsetof(struct attach_options, log), "print what the console has said"},
	{"screenshot", 0, OPTION_TEXT, "FILE", offsetof(struct attach_options, screenshot), "write a picture of the screen (PNG)"},
	{"tty", 0, OPTION_COUNT, "N", offsetof(struct attach_options, tty), "print the text of a virtual terminal"},
	{"end", 0, OPTION_FLAG, NULL, offsetof(struct attach_options, end), "it is not needed any more; all, without a name"},
	{0},
};

/**
 * struct place - A world that waits for people
 * @path:	Of its socket, and @fd a connection to it
 * @in:		What came there
 * @title, @at, @why: As it says them, cleaned
 * @script:	Path of the test's script, or ""
 * @seconds:	That are left, or UINT64_MAX
 * @machine:	That it is about, of @nmachines
 */
struct place {
	char *path;
	int fd;
	struct buf in;
	char *title, *at, *why, *script;
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
	p->script = wire_get_str(&r);
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

/* A RESULT. Return: an exit status. */
static int take_result(const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	enum wire_outcome outcome = wire_get_u8(&r);
	cleanup_free char *why = NULL;

	for (int i = 0; i < 2; i++)
		wire_get_u32(&r);
	wire_get_u64(&r);
	why = get_text(&r);
	if (outcome == WIRE_OK)
		return EXIT_PASSED;
	log_line("%s", why);
	return outcome == WIRE_LOST ? EXIT_INFRA : EXIT_FAILED;
}

/* Make one call, which the machine keeps the time of, and print what it brings. Return: an exit status. */
static int ask(struct place *p, enum wire_call call, const char *first, unsigned number)
{
	cleanup_buf struct buf out = {0};
	size_t mark = wire_begin(&out, WIRE_CALL, 1);
	struct frame f = {0};

	wire_put_u32(&out, p->machine);
	wire_put_u8(&out, (uint8_t)call);
	wire_put_u64(&out, CLOCK_NEVER);
	wire_put_str(&out, first);
	wire_put_str(&out, "");
	wire_put_u32(&out, number);
	for (int i = 0; i < 2; i++)
		wire_put_str(&out, "");
	wire_end(&out, mark);
	if (send_frames(p, &out) < 0)
		return EXIT_INFRA;
	while (next_frame(p, &f, CLOCK_NEVER) && f.type != WIRE_RESULT) {
		struct wire_reader r = wire_read(&f);
		const char *bytes;
		size_t n;

		wire_get_u8(&r);
		bytes = wire_get_bytes(&r, &n);
		if (f.type == WIRE_OUTPUT && fd_write_all(STDOUT_FILENO, bytes, n) < 0) {
			log_line("cannot write to standard output: %s", strerror(errno));
			return EXIT_INFRA;
		}
	}
	if (f.type == WIRE_RESULT)
		return take_result(&f);
	log_line("the machines have gone");
	return EXIT_INFRA;
}

/* It is the world's process that writes the file, in a folder of its own. */
static int take_screenshot(struct place *p, const char *file)
{
	cleanup_free char *folder = *file == '/' ? NULL : getcwd(NULL, 0);
	cleanup_free char *path = folder ? path_join(folder, file) : xstrdup(file);

	if (*path != '/') {
		log_line("the name of this folder is not known: give the whole path of '%s'", file);
		return EXIT_WRONG;
	}
	return ask(p, WIRE_CALL_SCREENSHOT, path, 0);
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

/* ---- a C prompt ---- */

/* Return: whether the script still has the machines that are here, under the same numbers. */
static bool has_these(const struct script *s, const struct place *p)
{
	bool same = script_machine_count(s) == p->nmachines;

	for (uint32_t i = 0; same && i < p->nmachines; i++)
		same = strcmp(script_machine(s, i)->name, p->names[i]) == 0;
	return same;
}

/* Return: a socket that leads into the script's process as it stands there, or -1. */
static int enter(struct place *p)
{
	cleanup_buf struct buf out = {0};
	char header[WIRE_HEADER_SIZE];
	int fd;

	wire_end(&out, wire_begin(&out, WIRE_ENTER, 0));
	if (send_frames(p, &out) < 0 || !fd_await(p->fd, clock_now() + ANSWER_S * NS_PER_S) ||
	    fd_receive(p->fd, header, sizeof(header), &fd) != sizeof(header))
		return -1;
	return fd;
}

/* The script as it is now. Return: it, or NULL. */
static struct script *compile(const struct place *p, struct err *err)
{
	struct plan plan;

	if (!*p->script) {
		err_set(err, "the script of \"%s\" is in no file", p->title);
		return NULL;
	}
	plan_make(&plan, p->script);
	if (plan.files[0].error) {
		err_set(err, "%s", plan.files[0].error);
		return NULL;
	}
	if (has_these(plan.files[0].script, p))
		return plan.files[0].script;
	err_set(err, "'%s' has changed: its machines are not those of \"%s\"", p->script, p->title);
	return NULL;
}

static int stay(const struct place *p)
{
	cleanup_buf struct buf out = {0};

	wire_end(&out, wire_begin(&out, WIRE_STAY, 0));
	return send_frames(p, &out);
}

static _Noreturn void be_prompt(struct prompt *prompt, int fd)
{
	setpgid(0, 0);
	prompt_run(prompt, fd);
}

/* Return: an exit status. */
static int run_prompt(struct place *p)
{
	struct relay_result *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct prompt prompt = {.visit = true, .result = result, .warden = enter(p)};
	struct settings s = {.store = NULL};
	struct err err = {0};
	pid_t pid;

	if (settings_read(&s, &err) == 0 && prompt.warden < 0)
		prompt.script = compile(p, &err);
	if (err.text[0]) {
		log_line("%s", err.text);
		return EXIT_WRONG;
	}
	if (prompt.script)
		log_line("the process of \"%s\" has ended: its variables are as the script begins with them", p->title);
	prompt.store = s.store;
	terminal_look(&prompt.terminal);
	if (result == MAP_FAILED || !interact_init(&prompt.terminal) || stay(p) < 0) {
		log_line("the prompt cannot be had: no memory, or the machines have gone");
		return EXIT_INFRA;
	}
	if (prompt.terminal.is_tty)
		log_line("\"%s\"%s%s: %s", p->title, *p->at ? ", " : "", p->at, p->why);
	pid = proc_fork();
	if (pid == 0)
		be_prompt(&prompt, p->fd);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	terminal_give_back(&prompt.terminal);
	if (!result->over)
		log_line("the session was cut off: the process that read its lines was killed");
	else if (result->reason[0])
		log_line("%s", result->reason);
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

static int do_there(struct place *p, const struct attach_options *o)
{
	if (o->end) {
		end_place(p);
		return EXIT_PASSED;
	}
	if (o->log)
		return ask(p, WIRE_CALL_CONSOLE_TEXT, "", 0);
	if (o->screenshot)
		return take_screenshot(p, o->screenshot);
	if (o->tty)
		return ask(p, WIRE_CALL_TTY, "", (unsigned)o->tty);
	return o->repl ? run_prompt(p) : go_there(p, o->console);
}

/* Return: 0, or -1: two things cannot be done at once. */
static int check_options(const struct attach_options *o, struct err *err)
{
	const struct {
		const char *name;
		bool given;
	} things[] = {
		{"list", o->list}, {"console", o->console}, {"repl", o->repl}, {"log", o->log},
		{"screenshot", o->screenshot}, {"tty", o->tty}, {"end", o->end},
	};
	const char *first = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(things); i++) {
		if (things[i].given && first)
			return err_set(err, "--%s and --%s are two things to do: choose one", first, things[i].name);
		first = things[i].given ? things[i].name : first;
	}
	return 0;
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
	if (n > (name ? 2 : 1))
		err_set(&err, "there is '%s' behind the machine's name", argv[name ? 2 : 1]);
	if (err.text[0] || check_options(&o, &err) < 0)
		return cmd_wrong("attach", err.text);
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
	return do_there(&all.list[0], &o);
}
