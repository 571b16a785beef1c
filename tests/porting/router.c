#!/usr/bin/env vmtap
/* router.c - in the spirit of nixpkgs' nat.nix and firewall.nix: a client behind a router that has a firewall */
net(inside, .subnet = "10.1.0.0/24");
net(outside, .subnet = "10.2.0.0/24");

vm(client, .image = "../../build/debian12-services.tar", .memory = 256, .nets = {&inside});
vm(router, .image = "../../build/debian12-services.tar", .memory = 256, .nets = {&inside, &outside});
vm(server, .image = "../../build/debian12-services.tar", .memory = 256, .nets = {&outside});

static const char rules[] =
	"table ip fw {\n"
	"	chain input {\n"
	"		type filter hook input priority 0; policy drop;\n"
	"		ct state established,related accept\n"
	"		ip protocol icmp accept\n"
	"		tcp dport 80 accept\n"
	"	}\n"
	"	chain forward {\n"
	"		type filter hook forward priority 0; policy drop;\n"
	"		ct state established,related accept\n"
	"		ip saddr 10.1.0.0/24 accept\n"
	"	}\n"
	"	chain postrouting {\n"
	"		type nat hook postrouting priority 100;\n"
	"		ip saddr 10.1.0.0/24 ip daddr 10.2.0.0/24 masquerade\n"
	"	}\n"
	"}\n";

static void serve(struct vm *m)
{
	m->start_job("nginx");
	m->wait_for_open_port(80);
}

/* Only the router's word leads anywhere else: what is outside does not know of what is inside. */
setup {
	start_all();
	router.write_file("/etc/nftables.conf", rules);
	router.succeed("nft -f /etc/nftables.conf && sysctl -qw net.ipv4.ip_forward=1");
	client.succeed(fmt("ip route add 10.2.0.0/24 via %s", router.ip(&inside)));
	serve(&server);
	serve(&router);
	serve(&client);
}

test("who is inside reaches the server, and seems to be the router") {
	client.succeed(fmt("ping -c 1 %s", server.ip(&outside)));
	like(client.succeed(fmt("curl -s http://%s/", server.ip(&outside))), "Welcome to nginx!");
	like(server.read_file("/var/log/nginx/access.log"), fmt("^%s .*\"GET / ", router.ip(&outside)));
}

test("nobody outside reaches what is inside, even by a route") {
	server.fail(fmt("ping -c 1 -W 1 %s", client.ip(&inside)));
	server.succeed(fmt("ip route add 10.1.0.0/24 via %s", router.ip(&outside)));
	server.fail(fmt("ping -c 1 -W 1 %s", client.ip(&inside)));
	server.fail(fmt("curl -s --max-time 2 http://%s/", client.ip(&inside)));
}

test("the firewall lets pass what it is told to") {
	router.spawn("nc -l -p 4242 || busybox nc -l -p 4242");
	router.wait_for_open_port(4242);
	server.succeed(fmt("curl -s http://%s/", router.ip(&outside)));
	server.fail(fmt("curl -s --max-time 2 telnet://%s:4242 </dev/null", router.ip(&outside)));
	router.succeed("nft add rule ip fw input tcp dport 4242 accept");
	server.wait_for_open_port_on(router.ip(&outside), 4242);
}

test("without the firewall all of it is open") {
	router.succeed("nft flush ruleset");
	server.succeed(fmt("ip route add 10.1.0.0/24 via %s", router.ip(&outside)));
	like(server.succeed(fmt("curl -s http://%s/", client.ip(&inside))), "Welcome to nginx!");
}

test("a cable that is pulled") {
	router.link_down(&outside);
	client.fail(fmt("curl -s --max-time 2 http://%s/", server.ip(&outside)));
	router.link_up(&outside);
	client.wait_until_succeeds(fmt("curl -s --max-time 5 http://%s/", server.ip(&outside)));
}
