/* networks.c - calls that make a network bad, or a machine's links */
#include "world/networks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define NS_PER_MS_D 1e6

/* Take the next number of the arguments, which the script has checked; 0 for none. */
static double next_number(const char **at)
{
	char *end;
	double n = strtod(*at, &end);

	*at = end;
	return n;
}

static bool fail(struct call *c, const char *why)
{
	call_answer(c, WIRE_FAILED, why);
	return true;
}

static void set_delay(struct faults *f, const char *at)
{
	f->delay = (uint64_t)(next_number(&at) * NS_PER_MS_D);
	f->jitter = (uint64_t)(next_number(&at) * NS_PER_MS_D);
}

static bool part(struct faults *f, const char *at)
{
	int a = (int)next_number(&at);

	return faults_part(f, a, (int)next_number(&at));
}

bool order_net(struct call *c)
{
	struct faults *f = switch_faults(c->net);
	const char *at = c->first;
	struct err err = {0};
	char count[32];

	switch ((enum wire_net)c->number) {
	case WIRE_NET_LOSS:
		f->loss = next_number(&at);
		break;
	case WIRE_NET_DUPLICATE:
		f->duplicate = next_number(&at);
		break;
	case WIRE_NET_REORDER:
		f->reorder = next_number(&at);
		break;
	case WIRE_NET_CORRUPT:
		f->corrupt = next_number(&at);
		break;
	case WIRE_NET_DELAY:
		set_delay(f, at);
		break;
	case WIRE_NET_RATE:
		f->rate = (uint64_t)(next_number(&at) * 1000);
		break;
	case WIRE_NET_PARTITION:
		if (!part(f, at))
			return fail(c, "too many pairs of machines are parted already");
		break;
	case WIRE_NET_HEAL:
		switch_heal(c->net);
		break;
	case WIRE_NET_CAPTURE:
		if (switch_capture(c->net, c->first, &err) < 0)
			return fail(c, err.text);
		break;
	case WIRE_NET_PACKETS:
		snprintf(count, sizeof(count), "%llu", (unsigned long long)switch_stats(c->net)->received);
		call_output(c, WIRE_STDOUT, count, strlen(count));
		break;
	}
	call_answer(c, WIRE_OK, "");
	return true;
}

/* ---- links ---- */

static void link_set(void *arg, const struct json *reply, const char *error)
{
	struct call *c = arg;

	(void)reply;
	if (error)
		call_answer(c, WIRE_FAILED, error);
	else if (--c->links == 0)
		call_answer(c, WIRE_OK, "");
}

void order_link(struct call *c)
{
	struct machine *m = c->life->machine;
	int net = *c->first ? atoi(c->first) : -1;
	cleanup_free char *why = NULL;

	c->stage = CALL_CONTROL;
	for (size_t card = 0; card < m->spec->nnets; card++) {
		cleanup_free char *arguments = xasprintf("{\"name\":\"net%zu\",\"up\":%s}", card, c->number ? "true" : "false");

		if (net >= 0 && m->spec->nets[card] != net)
			continue;
		c->links++;
		qmp_send(&m->qmp, "set_link", arguments, link_set, c);
	}
	if (c->links)
		return;
	why = net < 0 ? xasprintf("'%s' is on no network", m->spec->name)
		      : xasprintf("'%s' is not on the network '%s'", m->spec->name, m->world->nets[net].name);
	call_answer(c, WIRE_REFUSED, why);
}
