/* shell.c - `vmtap shell`: boot what a script declares, or an image, and give a root shell in it */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/piped.h"
#include "cmd/relay.h"
#include "cmd/visit.h"
#include "script/script.h"
#include "world/world.h"

/* ---- what is named ---- */

static bool is_script(const char *path)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char head[2];

	return text_ends(path, ".c") || (fd >= 0 && fd_read_full(fd, head, sizeof(head)) == (ssize_t)sizeof(head) &&
					 memcmp(head, "#!", sizeof(head)) == 0);
}

/* An image, or nothing, stands for a script with one machine. Return: its path, which is never freed, or NULL. */
static char *make_script(const char *image, struct err *err)
{
	cleanup_buf struct buf text = {0};
	char real[PATH_MAX];

	if (image && !piped_is_meant(image) && !realpath(image, real)) {
		err_errno(err, "cannot open image '%s'", image);
		return NULL;
	}
	buf_adds(&text, "vm(guest");
	if (image) {
		buf_adds(&text, ", .image = ");
		visit_quote_c(&text, piped_is_meant(image) ? image : real);
	}
	buf_adds(&text, ");\n");
	return visit_keep_script(buf_str(&text), err);
}

/* Return: the machine's number, or -1. */
static int find_machine(const struct plan_file *f, const char *name, struct err *err)
{
	const char *names[SPEC_MACHINES_MAX + 1] = {NULL};
	const struct spec *w = &f->world;
	const char *near;

	if (w->nmachines == 0)
		return err_set(err, "'%s' declares no machine", f->path);
	for (size_t i = 0; i < w->nmachines; i++) {
		names[i] = w->machines[i].name;
		if (!name || strcmp(name, names[i]) == 0)
			return (int)i;
	}
	near = text_nearest(name, names);
	err_set(err, "'%s' declares no machine '%s'", f->path, name);
	return err_hint(err, near ? "did you mean '%s'?" : "the first is '%s'", near ? near : names[0]);
}

/* ---- the session ---- */

/* Return: the exit status. */
static int run_session(struct plan *p, int machine, const struct visit_options *o)
{
	struct spec *w = &p->files[0].world;
	struct relay_result *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct relay relay = {.call = WIRE_CALL_SHELL, .machine = (unsigned)machine, .all = w->nmachines > 1};
	struct world_outcome outcome = {0};
	int status = EXIT_INFRA;

	if (result == MAP_FAILED) {
		log_line("out of memory");
		return EXIT_INFRA;
	}
	visit_set_up(p, o);
	relay.result = result;
	terminal_look(&relay.terminal);
	if (relay.terminal.is_tty)
		log_line("root's shell in '%s': exit ends it, and ~. at the start of a line cuts it off", w->machines[machine].name);
	world_run(w, relay_run, &relay, &outcome);
	terminal_restore(&relay.terminal);
	if (result->over && result->reason[0])
		log_line("%s", result->reason);
	else if (!result->over)
		log_line("the session was cut off: the process that had the terminal was killed");
	if (result->over)
		status = result->status;
	world_outcome_free(&outcome);
	return status;
}

/* Compile what is named. Return: the machine's number, or -1. */
static int make_plan(char **argv, struct settings *s, struct plan *p, struct err *err)
{
	char *path = argv[0] && is_script(argv[0]) ? argv[0] : make_script(argv[0], err);

	if (!path)
		return -1;
	plan_make(p, path);
	if (p->files[0].error)
		return err_set(err, "%s", p->files[0].error);
	settings_provide(s);
	plan_describe(&p->files[0], s);
	return find_machine(&p->files[0], argv[0] ? argv[1] : NULL, err);
}

int cmd_shell(char **argv)
{
	struct visit_options o = {0};
	struct settings s = {.store = NULL};
	struct accel accel;
	struct plan p;
	struct err err = {0};
	int n, machine, status = cmd_parse("shell", visit_options, &o, argv, &n);

	if (status >= 0)
		return status;
	log_level = 1 + o.verbose;
	if (n > 2)
		err_set(&err, "there is '%s' behind the machine's name", argv[2]);
	if (n > 2 || settings_read(&s, &err) < 0 || accel_check(o.accel, &err) < 0 ||
	    (machine = make_plan(argv, &s, &p, &err)) < 0) {
		status = cmd_wrong("shell", err.text);
		return s.damaged ? EXIT_INFRA : status;
	}
	if (visit_prepare(&p.files[0], &s, &o, &accel, &err) < 0)
		return cmd_failed(&err);
	return run_session(&p, machine, &o);
}
