/* repl.c - `vmtap repl`: a C prompt that has the machines and functions of a script
 *
 * This process is the world, as that of `vmtap shell` is; its script's process is the prompt (prompt.h).
 */
#include <sys/mman.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/interact.h"
#include "cmd/prompt.h"
#include "cmd/visit.h"
#include "world/world.h"

/* Return: the exit status. */
static int run_session(struct plan *p, const struct settings *s, const struct visit_options *o)
{
	struct relay_result *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct prompt prompt = {.script = p->files[0].script, .store = s->store, .result = result};
	struct world_outcome outcome = {0};

	visit_set_up(p, o);
	terminal_look(&prompt.terminal);
	if (result == MAP_FAILED || !interact_init(&prompt.terminal)) {
		log_line("out of memory");
		return EXIT_INFRA;
	}
	world_run(&p->files[0].world, prompt_run, &prompt, &outcome);
	terminal_restore(&prompt.terminal);
	if (result->over && result->reason[0])
		log_line("%s", result->reason);
	else if (!result->over)
		log_line("the session was cut off: the process that read its lines was killed");
	world_outcome_free(&outcome);
	return result->over ? result->status : EXIT_INFRA;
}

/* Return: 0, or -1 when the script cannot be used. */
static int make_plan(char *path, struct settings *s, struct plan *p, struct err *err)
{
	plan_make(p, path);
	if (p->files[0].error)
		return err_set(err, "%s", p->files[0].error);
	settings_provide(s);
	plan_describe(&p->files[0], s);
	return 0;
}

int cmd_repl(char **argv)
{
	struct visit_options o = {0};
	struct settings s = {.store = NULL};
	struct accel accel;
	struct plan p;
	struct err err = {0};
	int n, status = cmd_parse("repl", visit_options, &o, argv, &n);

	if (status >= 0)
		return status;
	log_level = 1 + o.verbose;
	if (n != 1)
		err_set(&err, "%s%s", n ? "one script is wanted, and there is another word: " : "a script is wanted", n ? argv[1] : "");
	if (n != 1 || settings_read(&s, &err) < 0 || accel_check(o.accel, &err) < 0 || make_plan(argv[0], &s, &p, &err) < 0) {
		log_line("%s\ntry 'vmtap help repl'", err.text);
		return s.damaged ? EXIT_INFRA : EXIT_WRONG;
	}
	if (visit_prepare(&p.files[0], &s, &o, &accel, &err) < 0) {
		log_line("%s", err.text);
		return EXIT_INFRA;
	}
	return run_session(&p, &s, &o);
}
