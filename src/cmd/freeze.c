/* freeze.c - having the templates of a script's machines finished for later, while tests run on copies of what there is */
#include "cmd/freeze.h"

#include "base/clock.h"
#include "base/log.h"
#include "state/template.h"

static void be_child(const void *order, struct buf *message)
{
	const struct freeze *z = *(struct freeze *const *)order;
	const struct spec *w = &z->file->world;

	(void)message;
	z->in_child(z->arg);
	for (size_t i = 0; i < w->nmachines; i++)
		template_finish(w, i);
}

static void ended(void *arg, const struct buf *message, int status)
{
	struct freeze *z = arg;

	(void)message;
	(void)status; /* the next run finds out what is there */
	z->done(z->arg);
}

long freeze_weigh(const struct plan_file *f, long overhead)
{
	long most = 0;

	for (size_t i = 0; i < f->world.nmachines; i++)
		if (f->world.machines[i].memory > most)
			most = f->world.machines[i].memory;
	return most + overhead;
}

void freeze_start(struct freeze *z, struct plan_file *f)
{
	struct err err = {0};

	z->file = f;
	z->started = clock_now();
	z->task.ended = ended;
	z->task.arg = z;
	if (task_start(&z->task, be_child, &z, &err) < 0)
		log_verbose("templates of '%s' are not finished: %s", f->path, err.text);
}
