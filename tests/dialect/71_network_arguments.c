net(lan);
net(wan, .subnet = "10.1.0.0/16");
net(far);
vm(both, .nets = {&wan, &lan});
vm(first);

test("addresses") {
	is(both.ip(&lan), "192.168.1.1");
	is(both.ip(&wan), "10.1.0.1");
	is(both.ip(NULL), "10.1.0.1");
	is(first.ip(NULL), "192.168.1.2");
	is(first.ip(&lan), "192.168.1.2");
	is(both.ip6(&wan), "2001:db8:2::1");
	is(first.ip6(NULL), "2001:db8:1::2");
}

test("networks that it is not on") {
	subtest("of two") { (void)both.ip(&far); }
	subtest("of none") { (void)first.ip(&wan); }
	subtest("with IPv6") { first.ip6(&wan); }
}

test("ports and paths that cannot be") {
	subtest("port") { both.wait_for_open_port_on("localhost", 65536); }
	subtest("address") { both.wait_for_closed_port_on("", 80); }
	subtest("path") { both.wait_for_open_unix_socket(NULL); }
	subtest("host's port") { both.forward_port(65536, 80); }
	subtest("guest's port") { both.forward_port(0, 0); }
}
