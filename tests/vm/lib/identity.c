/* identity.c - who a machine is */

/* @number: which of its world's machines, from 1; its first network is the usual one. */
void has_identity(struct vm *m, const char *name, int number)
{
	/* The kernel gives the link's own address when it has seen the carrier, which may be a moment after the first command. */
	char *card = m->wait_until_succeeds("ip addr show eth0 | grep -q 'inet6 fe80' && ip addr show eth0");

	is(m->succeed("hostname; uname -n; cat /etc/hostname"), fmt("%s\n%s\n%s", name, name, name));
	like(card, fmt("link/ether 52:54:00:12:01:%02x ", number));
	like(card, fmt("inet 192\\.168\\.1\\.%d/24 ", number));
	like(card, fmt("inet6 fe80::5054:ff:fe12:1%02x/64 ", number));
	like(card, fmt("inet6 2001:db8:[0-9a-f]+::%x/64 ", number));
	is(m->succeed("ip addr show eth0 | grep -c inet"), "3");
}

/* Nothing is in the way of the first packet: no address of before, no address that may not be used yet. */
void reach_each_other(struct vm *a, const char *a_name, struct vm *b, const char *b_name)
{
	b->succeed(fmt("ping -c 1 -W 5 %s", a_name));
	a->succeed(fmt("ping -c 1 -W 5 %s", b_name));
}

/* Of a machine with systemd: made up at boot, so two machines have two; the journal is found by it. */
char *machine_id(struct vm *m)
{
	char *id = m->succeed("cat /etc/machine-id");

	like(id, "^[0-9a-f]{32}$");
	like(m->succeed("journalctl --rotate; journalctl --boot --unit=nginx --no-pager"), "Started nginx");
	unlike(m->succeed("journalctl --boot --unit=systemd-journald --no-pager"), "Failed");
	return id;
}
