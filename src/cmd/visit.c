/* visit.c - a person comes to the machines of a script: what shell and repl have in common */
#include "cmd/visit.h"

#include <stddef.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/limits.h"
#include "cmd/work.h"
#include "script/script.h"

#define SESSION_S 1e8 /* seconds: as long as the person likes */

const struct option visit_options[] = {
	{"accel", 0, OPTION_TEXT, "auto|kvm|tcg", offsetof(struct visit_options, accel), "what machines run on (VMTAP_ACCEL)"},
	{"cold", 0, OPTION_FLAG, NULL, offsetof(struct visit_options, cold), "boot; use and make no templates"},
	{"no-setup", 0, OPTION_FLAG, NULL, offsetof(struct visit_options, no_setup), "as booted, without the script's setup"},
	{"verbose", 'v', OPTION_FLAG, NULL, offsetof(struct visit_options, verbose), "consoles on stderr"},
	{0},
};

char *visit_keep_script(const char *text, struct err *err)
{
	int fd = fd_memory("script");

	if (fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0)
		return xasprintf("/proc/self/fd/%d", fd);
	err_errno(err, "cannot keep a script in memory");
	return NULL;
}

void visit_quote_c(struct buf *out, const char *text)
{
	buf_addc(out, '"');
	for (; *text; text++)
		buf_addf(out, strchr("\"\\?", *text) || (unsigned char)*text < ' ' ? "\\%03o" : "%c", (unsigned char)*text);
	buf_addc(out, '"');
}

int visit_prepare(struct plan_file *f, const struct settings *s, const struct visit_options *o, struct accel *accel, struct err *err)
{
	struct spec *w = &f->world;

	plan_resolve(f, s);
	for (size_t i = 0; i < w->nmachines; i++)
		if (w->machines[i].broken)
			return err_set(err, "%s", w->machines[i].broken);
	if (accel_choose(o->accel, s->store, accel, err) < 0)
		return -1;
	if (!w->qemu)
		return err_set(err, "%s", w->qemu_missing);
	w->accel = accel;
	w->cold = o->cold;
	limits_set(w, s, 0, 0);
	w->test_timeout = SESSION_S;
	return 0;
}

void visit_set_up(struct plan *p, const struct visit_options *o)
{
	struct plan_file *f = &p->files[0];
	struct plan_test any = {.file = f}; /* there may be none */
	struct world_outcome outcome = {0};

	if (o->no_setup || f->world.cold || !script_has_setup(f->script) || work_find_layer(f, SCRIPT_BASE))
		return;
	log_line("setup runs first");
	f->stage = SCRIPT_BASE;
	work_setup(&any, &outcome);
	if (!work_find_layer(f, SCRIPT_BASE)) {
		const char *why = outcome.unsaved ? outcome.unsaved : outcome.result.reason;

		log_line("setup failed, so the machines are as they boot: %s%s%s", outcome.result.at ? outcome.result.at : "",
			 outcome.result.at ? ": " : "", why ? why : "no reason given");
	}
	world_outcome_free(&outcome);
}
