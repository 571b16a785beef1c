/* layers.c - the machines that a setup leaves: woken for who begins with them, and saved when it ends itself */
#include "world/layers.h"

#include "base/mem.h"
#include "state/layer.h"

void layers_wake(struct layers *y)
{
	const struct spec *s = y->spec;

	if (y->awake || !s->layer)
		return;
	y->awake = true;
	for (size_t i = 0; i < s->nmachines; i++)
		if (layer_has(s->layer, s->machines[i].name))
			life_start(&y->lives[i]);
}

void layers_machine_changed(const struct layers *y)
{
	if (y->waiting)
		loop_stop(y->loop);
}

static bool is_waking(const struct layers *y)
{
	for (size_t i = 0; i < y->spec->nmachines; i++) {
		enum machine_state state = y->lives[i].machine->state;

		if (y->lives[i].layer_used && state > MACHINE_OFF && state < MACHINE_UP)
			return true;
	}
	return false;
}

/* What a setup begins with is all in what it leaves: also the machines that it did not use, and that are about to run again. */
static void await_all(struct layers *y, const struct machine *machines, struct world_outcome *o, struct err *err)
{
	while (is_waking(y) && !err->text[0])
		loop_run(y->loop, err);
	for (size_t i = 0; i < y->spec->nmachines && !o->unsaved; i++)
		if (y->lives[i].layer_used && machines[i].state == MACHINE_GONE)
			o->unsaved = xstrdup(machines[i].gone);
}

void layers_save(struct layers *y, struct machine *machines, struct world_outcome *o)
{
	const struct spec *s = y->spec;
	struct err err = {0};

	y->waiting = true;
	if (s->layer && !y->awake) /* they still are in there, and nowhere else */
		o->unsaved = xstrdup("it used no machine");
	else
		await_all(y, machines, o, &err);
	if (!o->unsaved && layer_save(y->loop, y->switches, s->nnets, machines, s->nmachines, s->save_to, s->call_timeout, &err) < 0)
		o->unsaved = xstrdup(err.text);
	y->waiting = false;
}
