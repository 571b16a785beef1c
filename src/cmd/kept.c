/* kept.c - the failed tests of a run that wait for people: how many there may be, and what is said of them */
#include "cmd/kept.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

void kept_set(const struct kept_options *o, const struct plan_test *t, int permits, bool infra, struct spec_visits *v)
{
	*v = (struct spec_visits){
		.title = t->name,
		.script = t->file->path,
		.seconds = o->seconds,
		.keep = o->keep && !t->xfail,
		.keep_infra = infra,
		.permits = permits,
		.most = KEPT_MAX,
	};
}

int kept_permits(void)
{
	static const char bytes[KEPT_MAX];
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	(void)fd_write_all(fds[1], bytes, sizeof(bytes));
	close(fds[1]);
	return fds[0];
}

void kept_tell(struct report *report, const struct job *j, struct world_outcome *o)
{
	cleanup_free char *text = NULL;

	if (!o->kept && !o->not_kept)
		return;
	if (o->kept)
		text = xasprintf("kept, stopped where it failed: `vmtap attach %s` (%s)", path_base(o->kept), o->kept);
	else
		text = xasprintf("not kept: %s", o->not_kept);
	report_notice(report, "%s%s: %s", j->setup ? "setup of " : "", j->setup ? j->test->file->path : j->test->name, text);
	point_add_note(&o->result, text);
}
