/* method_ports.c - the methods of a machine that are about ports, sockets and addresses */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "net/address.h"
#include "script/asking.h"
#include "script/compiled.h"
#include "script/methods.h"
#include "script/run.h"

#define HOST_MAX 255 /* bytes of a name or address, as DNS has it */

/* @address: "" for any of its own. */
static void wait_for_port(struct wording w, unsigned machine, enum wire_wait what, const char *address, int port)
{
	char number[16]; /* for messages */

	snprintf(number, sizeof(number), "%d", port);
	if (port < 1 || port > 65535)
		run_die(NULL, "%s: %s is not a port: 1 to 65535", spoken(w), number);
	ask(w, &(struct question){
		       .machine = machine,
		       .call = WIRE_CALL_WAIT,
		       .first = number,
		       .second = address,
		       .second_len = strlen(address),
		       .number = (uint32_t)port << 8 | what,
	       });
}

static void wait_for_port_on(struct wording w, unsigned machine, enum wire_wait what, const char *address, int port)
{
	check_name(w, address, "address", HOST_MAX);
	w.shown = address;
	wait_for_port(w, machine, what, address, port);
}

void method_wait_for_open_port(unsigned machine, int port)
{
	wait_for_port(wording(machine, "wait_for_open_port"), machine, WIRE_WAIT_PORT, "", port);
}

void method_wait_for_closed_port(unsigned machine, int port)
{
	wait_for_port(wording(machine, "wait_for_closed_port"), machine, WIRE_WAIT_NO_PORT, "", port);
}

void method_wait_for_open_port_on(unsigned machine, const char *address, int port)
{
	wait_for_port_on(wording(machine, "wait_for_open_port_on"), machine, WIRE_WAIT_PORT, address, port);
}

void method_wait_for_closed_port_on(unsigned machine, const char *address, int port)
{
	wait_for_port_on(wording(machine, "wait_for_closed_port_on"), machine, WIRE_WAIT_NO_PORT, address, port);
}

static void wait_for_socket(struct wording w, unsigned machine, enum wire_wait what, const char *path)
{
	check_name(w, path, "path", PATH_BYTES_MAX);
	ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_WAIT, .first = path, .number = what});
}

void method_wait_for_open_unix_socket(unsigned machine, const char *path)
{
	wait_for_socket(wording(machine, "wait_for_open_unix_socket"), machine, WIRE_WAIT_UNIX, path);
}

void method_wait_for_open_unix_datagram_socket(unsigned machine, const char *path)
{
	wait_for_socket(wording(machine, "wait_for_open_unix_datagram_socket"), machine, WIRE_WAIT_UNIX_DATAGRAM, path);
}

int method_forward_port(unsigned machine, int host, int guest)
{
	struct wording w = wording(machine, "forward_port");
	char ports[32]; /* for messages */

	snprintf(ports, sizeof(ports), "%d, %d", host, guest);
	if (host < 0 || host > 65535)
		run_die(NULL, "%s: %d is not a port of the host: 1 to 65535, or 0 for any that is free", spoken(w), host);
	if (guest < 1 || guest > 65535)
		run_die(NULL, "%s: %d is not a port of the guest: 1 to 65535", spoken(w), guest);
	return ask(w, &(struct question){
			      .machine = machine,
			      .call = WIRE_CALL_FORWARD,
			      .told = ports,
			      .number = (uint32_t)guest << 16 | (uint32_t)host,
		      })
		.status;
}

/* ---- addresses ---- */

/* Return: the number of a network of the script that the machine is on; NULL is its first. A machine without .nets is on number 0. */
static size_t find_net(struct wording w, unsigned machine, const struct net *net)
{
	struct net *const *nets = run.script->machines[machine].options->nets;
	const struct net *want = net ? net : nets[0];
	size_t number = 0, i = 0;

	while (want && number < script_net_count(run.script) && strcmp(script_net(run.script, number)->name, want->name) != 0)
		number++;
	while (nets[i] && nets[i] != want)
		i++;
	if (nets[0] ? !nets[i] : number > 0)
		run_die(NULL, "%s: '%s' is not on the network '%s'", spoken(w), w.machine, net->name);
	return number;
}

char *method_ip(unsigned machine, struct net *net)
{
	size_t i = find_net(wording(machine, "ip"), machine, net);
	const struct script_net *declared = i < script_net_count(run.script) ? script_net(run.script, i) : NULL;
	char text[ADDRESS_TEXT];
	struct subnet subnet;

	address_subnet(declared ? declared->options->subnet : NULL, (int)i, &subnet, NULL); /* checked when it was read */
	address_ip(&subnet, (int)machine + 1, 0, text);
	return run_keep_str(text);
}

char *method_ip6(unsigned machine, struct net *net)
{
	char text[ADDRESS_TEXT];

	address_ip6((int)find_net(wording(machine, "ip6"), machine, net), (int)machine + 1, 0, text);
	return run_keep_str(text);
}
