/* method_network.c - the methods of networks, and those of machines that are about their links */
#include <stdio.h>

#include "base/mem.h"
#include "script/asking.h"
#include "script/compiled.h"
#include "script/methods.h"
#include "script/run.h"

#define MS_MAX	 600000.0 /* ten minutes: no network is slower */
#define KBIT_MAX 1e9

/* "lan.loss", as of a machine. */
static struct wording net_wording(unsigned net, const char *method)
{
	return (struct wording){.machine = run.script->nets[net].name, .method = method};
}

/* Ask for @what of @net; the number of a network is in a machine's place. */
static struct answer set(unsigned net, const char *method, enum wire_net what, const char *arguments)
{
	return ask(net_wording(net, method),
		   &(struct question){.machine = net, .call = WIRE_CALL_NET, .first = arguments, .number = what});
}

/* A number that makes no sense ends the test; NaN is none. */
static void check_number_range(unsigned net, const char *method, const char *what, double n, double max)
{
	if (!(n >= 0 && n <= max))
		run_die(NULL, "%s: the %s is %g: it must be 0 to %g", spoken(net_wording(net, method)), what, n, max);
}

static void set_probability(unsigned net, const char *method, enum wire_net what, double probability)
{
	char text[32];

	check_number_range(net, method, "probability", probability, 1);
	snprintf(text, sizeof(text), "%.17g", probability);
	set(net, method, what, text);
}

void net_loss(unsigned net, double probability)
{
	set_probability(net, "loss", WIRE_NET_LOSS, probability);
}

void net_duplicate(unsigned net, double probability)
{
	set_probability(net, "duplicate", WIRE_NET_DUPLICATE, probability);
}

void net_reorder(unsigned net, double probability)
{
	set_probability(net, "reorder", WIRE_NET_REORDER, probability);
}

void net_corrupt(unsigned net, double probability)
{
	set_probability(net, "corrupt", WIRE_NET_CORRUPT, probability);
}

void net_delay(unsigned net, double ms, double jitter_ms)
{
	char text[64];

	check_number_range(net, "delay", "delay", ms, MS_MAX);
	check_number_range(net, "delay", "jitter", jitter_ms, MS_MAX);
	snprintf(text, sizeof(text), "%.17g %.17g", ms, jitter_ms);
	set(net, "delay", WIRE_NET_DELAY, text);
}

void net_rate(unsigned net, double kbit)
{
	char text[32];

	check_number_range(net, "rate", "rate", kbit, KBIT_MAX);
	if (kbit > 0 && kbit < 1)
		run_die(NULL, "%s: the rate is %g kbit/s: it must be 0 for no limit, or 1 at least", spoken(net_wording(net, "rate")), kbit);
	snprintf(text, sizeof(text), "%.17g", kbit);
	set(net, "rate", WIRE_NET_RATE, text);
}

/* Return: the number of a machine; a pointer to none ends the test. */
static size_t find_machine(struct wording w, const struct vm *m)
{
	for (size_t i = 0; i < run.script->machine_count; i++)
		if (run.script->objects[i] == m)
			return i;
	run_die(NULL, "%s: the argument is no machine: give the addresses of two, (&a, &b)", spoken(w));
}

void net_partition(unsigned net, struct vm *a, struct vm *b)
{
	struct wording w = net_wording(net, "partition");
	size_t first = find_machine(w, a), second = find_machine(w, b);
	char text[64];

	if (first == second)
		run_die(NULL, "%s: both are '%s'", spoken(w), run.script->machines[first].name);
	snprintf(text, sizeof(text), "%zu %zu", first, second);
	set(net, "partition", WIRE_NET_PARTITION, text);
}

void net_heal(unsigned net)
{
	set(net, "heal", WIRE_NET_HEAL, NULL);
}

void net_capture(unsigned net, const char *path)
{
	check_name(net_wording(net, "capture"), path, "path", PATH_BYTES_MAX);
	set(net, "capture", WIRE_NET_CAPTURE, path);
}

long net_packets(unsigned net)
{
	return strtol(set(net, "packets", WIRE_NET_PACKETS, NULL).out, NULL, 10);
}

/* ---- links ---- */

static void set_link(unsigned machine, const char *method, const char *net, bool up)
{
	ask(wording(machine, method),
	    &(struct question){.machine = machine, .call = WIRE_CALL_LINK, .first = net, .number = up});
}

void method_block(unsigned machine)
{
	set_link(machine, "block", NULL, false);
}

void method_unblock(unsigned machine)
{
	set_link(machine, "unblock", NULL, true);
}

static void set_card(unsigned machine, const char *method, const struct net *net, bool up)
{
	struct wording w = wording(machine, method);
	char text[24];

	for (size_t i = 0; i < run.script->net_count; i++) {
		if (run.script->net_objects[i] != net)
			continue;
		snprintf(text, sizeof(text), "%zu", i);
		set_link(machine, method, run_keep_str(text), up);
		return;
	}
	run_die(NULL, "%s: the argument is no network: give the address of one, (&lan)", spoken(w));
}

void method_link_down(unsigned machine, struct net *net)
{
	set_card(machine, "link_down", net, false);
}

void method_link_up(unsigned machine, struct net *net)
{
	set_card(machine, "link_up", net, true);
}
