#!/usr/bin/env vmtap
/* network.c - machines on networks: addresses, names, isolation */
net(inner);
net(outer, .subnet = "10.20.0.0/16", .mtu = 1400);

vm(router, .nets = {&inner, &outer});
vm(inside, .nets = {&inner});
vm(outside, .nets = {&outer}, .hostname = "far-away");
vm(witness, .nets = {&inner});

test("each machine has its addresses, names and MTU") {
	start_all();
	like(router.succeed("ip addr show eth0"), "inet 192\\.168\\.1\\.1/24");
	like(router.succeed("ip addr show eth1"), "inet 10\\.20\\.0\\.1/16");
	like(router.succeed("ip addr show eth1"), "mtu 1400");
	is(outside.succeed("hostname"), "far-away");
	inside.succeed("ping -c 1 -W 10 router.inner");
	outside.succeed("ping -c 1 -W 10 router.outer");
	router.succeed("ping -c 1 -W 10 far-away");
}

test("IPv6 works at once, by link-local addresses") {
	start_all();
	/* The kernel gives the link's own address when it has seen the carrier, which may be a moment after the first command. */
	inside.wait_until_succeeds("ip -6 addr show eth0 | grep fe80");
	inside.succeed("ping -6 -c 1 -W 10 fe80::5054:ff:fe12:101%eth0"); /* the router's card on that network */
	unlike(router.succeed("ip -6 addr"), "tentative");
}

test("networks are separate until somebody routes") {
	start_all();
	inside.fail("ping -c 1 -W 1 10.20.0.3");
	router.succeed("echo 1 >/proc/sys/net/ipv4/ip_forward");
	inside.succeed("ip route add default via 192.168.1.1");
	outside.succeed("ip route add default via 10.20.0.1");
	inside.succeed("ping -c 1 -W 10 far-away");
}

/*
 * Far more than a card, a socket and the switch hold for a machine that takes nothing; the address stays known while
 * they are sent.
 */
static void flood(void)
{
	inside.execute("for i in 1 2; do for j in $(seq 20); do ping -c 1 -W 1 -s 60000 router.inner & done; wait; done");
}

test("a machine whose interface is down does not stop the others") {
	start_all();
	inside.succeed("ping -c 1 -W 10 router.inner");
	witness.succeed("ping -c 1 -W 10 inside");
	router.succeed("ip link set eth0 down");
	flood();
	witness.succeed("ping -c 3 -W 10 inside");
	router.succeed("ip link set eth0 up");
	inside.succeed("ping -c 3 -W 10 router.inner"); /* it is served again */
}

test("a transfer arrives whole") {
	router.succeed("mkdir /tmp/www && head -c 3000000 /dev/urandom >/tmp/www/data");
	router.succeed("httpd -h /tmp/www -p 8000");
	router.wait_for_open_port(8000);
	is(inside.succeed("wget -qO- http://router:8000/data | md5sum"), router.succeed("md5sum </tmp/www/data"));
}
