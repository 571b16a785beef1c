net(lan);
vm(m, .nets = {&lan});
vm(n, .nets = {&lan});

test("probabilities") {
	subtest("more than 1") { lan.loss(1.5); }
	subtest("less than 0") { lan.corrupt(-0.1); }
	subtest("none") { lan.reorder(0.0 / 0.0); }
}

test("times and rates") {
	subtest("long") { lan.delay(1e9, 0); }
	subtest("jitter") { lan.delay(1, -1); }
	subtest("slow") { lan.rate(0.5); }
}

test("machines and networks") {
	subtest("none") { lan.partition(&m, NULL); }
	subtest("one") { lan.partition(&m, &m); }
	subtest("no network") { m.link_down(NULL); }
	subtest("no path") { lan.capture(""); }
	subtest("no such place") { lan.capture("/no/such/folder/x.pcap"); }
}

test("without a machine that runs") {
	is(lan.packets(), 0);
	lan.loss(0.5);
	lan.partition(&m, &n);
	lan.heal();
}
