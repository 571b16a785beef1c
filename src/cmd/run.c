/* run.c - `vmtap run`: run tests and print TAP */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/runner.h"
#include "qemu/arch.h"
#include "script/script.h"

struct run_options {
	struct runner_options runner;
	const char *filter;
	int list, dry_run, verbose;
};

const struct option cmd_run_options[] = {
	{"accel", 0, OPTION_TEXT, "auto|kvm|tcg", offsetof(struct run_options, runner.accel),
	 "what machines run on (VMTAP_ACCEL)"},
	{"timeout", 0, OPTION_SECONDS, "SECONDS", offsetof(struct run_options, runner.timeout),
	 "limit for each test that sets none"},
	{"jobs", 'j', OPTION_COUNT, "N", offsetof(struct run_options, runner.jobs),
	 "tests at the same time; default: one a processor"},
	{"cold", 0, OPTION_FLAG, NULL, offsetof(struct run_options, runner.cold),
	 "boot every machine; use and make no templates"},
	{"cached", 0, OPTION_FLAG, NULL, offsetof(struct run_options, runner.cached),
	 "do not run what has passed with the same inputs"},
	{"filter", 'f', OPTION_TEXT, "REGEX", offsetof(struct run_options, filter),
	 "only tests whose name matches"},
	{"list", 'l', OPTION_FLAG, NULL, offsetof(struct run_options, list), "print the tests, run nothing"},
	{"dry-run", 'n', OPTION_FLAG, NULL, offsetof(struct run_options, dry_run),
	 "print the QEMU command lines, run nothing"},
	{"verbose", 'v', OPTION_FLAG, NULL, offsetof(struct run_options, verbose),
	 "consoles and commands on stderr"},
	{0},
};

static_assert(ARRAY_SIZE(cmd_run_options) <= OPTIONS_MAX + 1, "every option can be suggested");

/* One line that a shell can run, but for the descriptors that vmtap passes. */
static void print_command(const struct spec *w, size_t i)
{
	cleanup_buf struct buf line = {0};
	struct command c;
	char **argv;

	spec_command(w, i, false, &c);
	argv = command_argv(&c);
	for (char **p = argv; *p; p++) {
		if (line.len)
			buf_addc(&line, ' ');
		if (**p && !strpbrk(*p, " \t\n\"'$*?(){}[];&|<>\\`#~!"))
			buf_adds(&line, *p);
		else
			text_quote_shell(&line, *p);
	}
	puts(buf_str(&line));
	command_argv_free(argv);
}

/* Everything up to the point where QEMU would be started. Return: an exit status. */
static int dry_run(struct plan *p, struct settings *s, const struct runner_options *o)
{
	struct accel accel;
	struct err err = {0};
	int status = EXIT_PASSED;

	if (accel_choose(o->accel, s->store, &accel, &err) < 0) {
		log_line("%s", err.text);
		return EXIT_INFRA;
	}
	for (size_t i = 0; i < p->nfiles; i++) {
		struct spec *w = &p->files[i].world;

		plan_resolve(&p->files[i], s);
		w->accel = &accel;
		if (!w->qemu)
			w->qemu = arch_host()->qemu;
		for (size_t m = 0; m < w->nmachines; m++) {
			if (w->machines[m].broken) {
				log_line("%s", w->machines[m].broken);
				status = EXIT_INFRA;
			} else {
				print_command(w, m);
			}
		}
	}
	return status;
}

/* Scripts without machines need no QEMU, and thus nothing of a bundle. */
static void provide(const struct plan *p, struct settings *s)
{
	size_t machines = 0;

	for (size_t i = 0; i < p->nfiles; i++)
		machines += p->files[i].script ? script_machine_count(p->files[i].script) : 0;
	if (machines)
		settings_provide(s);
}

/* Return: whether there were any. */
static bool print_errors(const struct plan *p)
{
	bool any = false;

	for (size_t i = 0; i < p->nfiles; i++) {
		if (!p->files[i].error)
			continue;
		any = true;
		log_line("%s", p->files[i].error);
	}
	return any;
}

int cmd_run(char **argv)
{
	struct run_options o = {0};
	struct settings s = {.store = NULL};
	struct plan p;
	struct err err = {0};
	int n, status = cmd_parse("run", cmd_run_options, &o, argv, &n);

	if (status >= 0)
		return status;
	log_level = o.verbose ? 2 : 1;
	if (n == 0)
		err_set(&err, "no test script is named");
	if (n == 0 || settings_read(&s, &err) < 0 || accel_check(o.runner.accel, &err) < 0 ||
	    plan_make(&p, argv, o.filter, &err) < 0) {
		log_line("%s", err.text);
		if (s.damaged)
			return EXIT_INFRA;
		log_line("try 'vmtap help run'");
		return EXIT_WRONG;
	}
	if (!o.list)
		provide(&p, &s);
	if (!o.list && !o.dry_run)
		return (int)runner_run(&p, &s, &o.runner);
	if (print_errors(&p))
		return EXIT_WRONG;
	if (o.dry_run)
		return dry_run(&p, &s, &o.runner);
	for (size_t i = 0; i < p.ntests; i++)
		puts(p.tests[i].name);
	return EXIT_PASSED;
}
