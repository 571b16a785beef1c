/* run.c - `vmtap run`: run tests and print TAP */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "cmd/choose.h"
#include "cmd/cmd.h"
#include "cmd/interact.h"
#include "cmd/runner.h"
#include "qemu/arch.h"
#include "script/script.h"

struct run_options {
	struct runner_options runner;
	struct choice choice;
	const char *tap;
	struct option_texts vary;
	double keep;
	int list, dry_run, verbose, until_fail;
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
	{"filter", 'f', OPTION_TEXT, "REGEX", offsetof(struct run_options, choice.filter),
	 "only tests whose name matches"},
	{"failed", 0, OPTION_FLAG, NULL, offsetof(struct run_options, choice.failed),
	 "only tests that failed when they ran last"},
	{"shard", 0, OPTION_TEXT, "K/N|auto", offsetof(struct run_options, choice.shard),
	 "only the K-th of N equal parts; auto: as the CI's runner says"},
	{"vary", 0, OPTION_TEXTS, "[MACHINE.]FIELD=A,B", offsetof(struct run_options, vary),
	 "run all with each of these values; again: with all together"},
	{"repeat", 0, OPTION_COUNT, "N", offsetof(struct run_options, choice.repeat), "run every test N times"},
	{"until-fail", 0, OPTION_FLAG, NULL, offsetof(struct run_options, until_fail),
	 "--fail-fast --repeat=1000: until one fails"},
	{"shuffle", 0, OPTION_FLAG, NULL, offsetof(struct run_options, choice.shuffle),
	 "in another order each time"},
	{"seed", 0, OPTION_COUNT, "N", offsetof(struct run_options, choice.seed), "in the order of this number; networks lose frames by it"},
	{"fail-fast", 'x', OPTION_FLAG, NULL, offsetof(struct run_options, runner.fail_fast),
	 "end with the first failure"},
	{"keep", 0, OPTION_MAYBE_SECONDS, "SECONDS", offsetof(struct run_options, keep),
	 "leave a failed test's machines, stopped, for attach"},
	{"retry-infra", 0, OPTION_FLAG, NULL, offsetof(struct run_options, runner.retry_infra),
	 "run a test once more that the infrastructure failed"},
	{"junit", 0, OPTION_TEXT, "FILE", offsetof(struct run_options, runner.junit),
	 "write the results as JUnit XML, too"},
	{"json", 0, OPTION_TEXT, "FILE", offsetof(struct run_options, runner.json),
	 "write what happens as JSON lines, too"},
	{"artifacts", 0, OPTION_TEXT, "DIR", offsetof(struct run_options, runner.artifacts),
	 "make a page of the run, and files of each test"},
	{"tap", 0, OPTION_TEXT, "flat|nested", offsetof(struct run_options, tap),
	 "subtests in the points' blocks, or as TAP 14"},
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
		text_add_word(&line, *p);
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

#define UNTIL_FAIL_TIMES 1000
#define KEEP_SECONDS	 600 /* that a machine waits for a person where nobody could press ^C */

/* Return: whether somebody is there: a CI's runner may lend its jobs a terminal, but says what it is. */
static bool is_watched(void)
{
	const char *ci = getenv("CI");

	return !(ci && *ci) && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* What follows from options that others imply, or contradict. */
static int combine(struct run_options *o, struct err *err)
{
	if (o->until_fail) {
		o->runner.fail_fast = 1;
		o->choice.repeat = o->choice.repeat ? o->choice.repeat : UNTIL_FAIL_TIMES;
	}
	if (o->tap && strcmp(o->tap, "flat") != 0 && strcmp(o->tap, "nested") != 0)
		return err_set(err, "--tap is '%s', neither 'flat' nor 'nested'", o->tap);
	o->runner.nested = o->tap && *o->tap == 'n';
	o->runner.kept.keep = o->keep != 0;
	o->runner.kept.seconds = o->keep > 0 ? o->keep : is_watched() ? 0 : KEEP_SECONDS;
	if (o->runner.cached && o->choice.repeat > 1)
		return err_set(err, "--cached would not run again what has passed: leave it out, or what repeats the tests");
	o->runner.nothing = o->choice.failed ? "no test failed when it ran last" : "there are fewer tests than shards";
	return 0;
}

#define AGAIN_MAX 200 /* bytes: what a person may want to paste */

/* Return: the command that runs what failed, never freed; NULL when it is too long to be of use. */
static const char *say_again(const struct operands *scripts, const struct option_texts *vary)
{
	struct buf text = {0};

	buf_adds(&text, "vmtap --failed");
	for (size_t i = 0; i < vary->count; i++) {
		buf_adds(&text, " --vary=");
		text_add_word(&text, vary->list[i]);
	}
	for (size_t i = 0; i < scripts->count; i++) {
		buf_addc(&text, ' ');
		text_add_word(&text, scripts->list[i].path);
	}
	return text.len <= AGAIN_MAX ? buf_steal(&text) : NULL;
}

/* Have the terminal for a script that asks for it: one test at a time, then. Return: whether it does, and there is one. */
static bool prepare_terminal(const struct plan *p, struct run_options *o, struct terminal *t)
{
	bool wanted = false;

	for (size_t i = 0; i < p->nfiles; i++)
		wanted |= p->files[i].script && script_may_interact(p->files[i].script);
	if (!wanted || !is_watched())
		return false;
	terminal_look(t);
	if (!terminal_is_ours(t))
		return false;
	o->runner.jobs = 1;
	return interact_init(t);
}

/* Find what the command line means. Return: 0, or -1. */
static int make_plan(char **argv, struct run_options *o, struct operands *scripts, struct settings *s, struct plan *p,
		     struct err *err)
{
	static struct varies varies; /* the plan points into it */
	char *remark;

	if (combine(o, err) < 0 || accel_check(o->runner.accel, err) < 0 || operands_read(scripts, argv, err) < 0 ||
	    settings_read(s, err) < 0)
		return -1;
	if (varies_read(&varies, o->vary.list, o->vary.count, err) < 0 || plan_make_varied(p, scripts, &varies, err) < 0 ||
	    choose(p, &o->choice, s->store, &remark, err) < 0)
		return -1;
	o->runner.remark = remark;
	o->runner.seed = o->choice.seed;
	o->runner.again = say_again(scripts, &o->vary);
	return 0;
}

int cmd_run(char **argv)
{
	struct run_options o = {0};
	struct operands scripts;
	struct settings s = {.store = NULL};
	struct terminal terminal = {.is_tty = false};
	struct plan p;
	struct err err = {0};
	int n, status = cmd_parse("run", cmd_run_options, &o, argv, &n);

	if (status >= 0)
		return status;
	log_level = 1 + o.verbose;
	if (make_plan(argv, &o, &scripts, &s, &p, &err) < 0) {
		log_line("%s", err.text);
		if (s.damaged)
			return EXIT_INFRA;
		log_line("try 'vmtap help run'");
		return EXIT_WRONG;
	}
	if (!o.list && plan_has_machines(&p)) /* otherwise nothing of a bundle is needed */
		settings_provide(&s);
	if (!o.list && !o.dry_run) {
		bool lent = prepare_terminal(&p, &o, &terminal);

		status = (int)runner_run(&p, &s, &o.runner);
		if (lent)
			terminal_give_back(&terminal);
		return status;
	}
	if (print_errors(&p))
		return EXIT_WRONG;
	if (o.dry_run)
		return dry_run(&p, &s, &o.runner);
	for (size_t i = 0; i < p.ntests; i++)
		puts(p.tests[i].name);
	return EXIT_PASSED;
}
