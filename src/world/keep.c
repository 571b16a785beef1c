/* keep.c - the tests that stop and wait for people: those that have failed, and those that ask for somebody */
#include "world/keep.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

bool keep_wants(const struct spec *s, const struct point *result)
{
	return s->visits.keep && s->nmachines && result->verdict == VERDICT_FAILED && !result->todo;
}

/* Return: how many machines a person could come to. */
static size_t count_running(const struct spec *s, const struct machine *machines)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nmachines; i++)
		n += machines[i].state > MACHINE_OFF && machines[i].state <= MACHINE_UP;
	return n;
}

static bool is_named(const struct point *result, const char *machine)
{
	for (size_t i = 0; i < result->nfields; i++)
		if (strcmp(result->fields[i].key, "machine") == 0)
			return strcmp(result->fields[i].value, machine) == 0;
	return false;
}

/* Return: the machine that a failure is about, or the first that runs. */
static unsigned find_machine(const struct spec *s, const struct machine *machines, const struct point *result)
{
	for (size_t i = 0; i < s->nmachines; i++)
		if (is_named(result, s->machines[i].name))
			return (unsigned)i;
	for (size_t i = 0; i < s->nmachines; i++)
		if (machines[i].state == MACHINE_UP)
			return (unsigned)i;
	return 0;
}

static int open_door(struct visitors *v, const struct machine *machines, const struct point *result, struct err *err)
{
	const struct spec *s = v->spec;
	cleanup_free char *why = xasprintf("it failed: %s", result->reason ? result->reason : "no reason given");
	char permit;

	if (count_running(s, machines) == 0)
		return err_set(err, "none of its machines runs any more");
	if (read(s->visits.permits, &permit, 1) != 1)
		return err_set(err, "%d failed tests of this run were kept before", s->visits.most);
	return visitors_open(v, result->at, why, find_machine(s, machines, result), err);
}

bool keep_begin(struct visitors *v, struct machine *machines, struct world_outcome *o)
{
	const struct spec *s = v->spec;
	struct err err = {0};

	if (!keep_wants(s, &o->result) || o->kvm_failed || o->layer_failed || (o->result.infra && !s->visits.keep_infra))
		return false;
	if (open_door(v, machines, &o->result, &err) < 0) {
		o->not_kept = xstrdup(err.text);
		return false;
	}
	for (size_t i = 0; i < s->nmachines; i++)
		machine_pause(&machines[i]);
	o->kept = xstrdup(v->door.path);
	return true;
}

int keep_await(struct visitors *v, const struct call *c, struct err *err)
{
	cleanup_free char *why = xasprintf("its script waits in %s", c->words);
	cleanup_free char *limit = v->seconds > 0 ? xasprintf("%g s ", v->seconds) : xstrdup("");

	if (visitors_open(v, c->place, why, (unsigned)c->life->machine->index, err) < 0)
		return -1;
	log_line("%s: %s waits %sfor `vmtap attach %s` (%s)", c->place, c->words, limit, path_base(v->door.path), v->door.path);
	return 0;
}
