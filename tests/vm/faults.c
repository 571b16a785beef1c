#!/usr/bin/env vmtap
/* faults.c - networks that are made bad, and links that are cut */
net(lan);
net(other, .subnet = "10.20.0.0/16");

vm(a, .nets = {&lan, &other});
vm(b, .nets = {&lan});
vm(c, .nets = {&lan});

/* Return: how many of so many pings came back, the last of them within so many seconds. */
static int answers(int count, int seconds)
{
	return atoi(strstr(a.execute(fmt("ping -c %d -i 0.05 -W %d b", count, seconds)).out, "transmitted, ") + strlen("transmitted, "));
}

test("a network loses what it is told to, and is good again when it is healed") {
	start_all();
	is(answers(5, 20), 5);
	lan.loss(1);
	is(answers(3, 1), 0);
	lan.loss(0.5);
	ok(answers(40, 1) < 40);
	lan.heal();
	is(answers(5, 20), 5);
}

test("a delay is at least that") {
	start_all();
	is(answers(1, 20), 1);
	lan.delay(200, 50);
	like(a.succeed("ping -c 3 -W 20 b"), "min/avg/max = ([3-9]|[0-9]+[0-9])[0-9]{2}\\.");
}

test("a rate holds back and loses nothing") {
	double slow;

	start_all();
	a.succeed("mkdir /tmp/www && head -c 200000 /dev/urandom >/tmp/www/data && httpd -h /tmp/www -p 80");
	b.succeed("wget -qO /tmp/1 http://a/data");
	lan.rate(1000); /* 200 KB are 1.6 s */
	slow = b.execute("wget -qO /tmp/2 http://a/data").seconds;
	ok(slow >= 1.5);
	b.succeed("cmp /tmp/1 /tmp/2");
}

test("duplicates, and frames that are overtaken or damaged") {
	start_all();
	is(answers(1, 20), 1);
	lan.duplicate(1);
	like(a.succeed("ping -c 3 -W 10 b"), "duplicates");
	lan.heal();
	lan.reorder(1);
	is(answers(3, 20), 3);
	lan.heal();
	lan.corrupt(1);
	is(answers(3, 1), 0);
}

test("two machines are parted; a third one sees both") {
	start_all();
	lan.partition(&a, &b);
	a.fail("ping -c 1 -W 1 b");
	c.succeed("ping -c 1 -W 10 a && ping -c 1 -W 10 b");
	lan.heal();
	a.wait_until_succeeds("ping -c 1 -W 2 b");
}

test("a capture is a file for tcpdump, and frames are counted") {
	FILE *f;
	char head[24] = "";
	long before;

	start_all();
	lan.capture("build/capture-test.pcap");
	before = lan.packets();
	a.succeed("ping -c 2 -W 10 b");
	ok(lan.packets() >= before + 4);
	f = fopen("build/capture-test.pcap", "r");
	if (ok(f != NULL)) {
		is(fread(head, 1, 24, f), 24);
		ok(memcmp(head, "\x4d\x3c\xb2\xa1\2\0\4\0", 8) == 0);
		ok(fread(head, 1, 24, f) == 24);
	}
}

test("a card without a carrier, and all of them") {
	a.start();
	a.link_down(&other);
	a.wait_until_succeeds("grep 0 /sys/class/net/eth1/carrier"); /* which the guest hears a moment later */
	is(a.succeed("cat /sys/class/net/eth0/carrier"), "1");
	a.link_up(&other);
	a.wait_until_succeeds("grep 1 /sys/class/net/eth1/carrier");
	a.block();
	a.wait_until_succeeds("cat /sys/class/net/eth0/carrier /sys/class/net/eth1/carrier | xargs | grep -x '0 0'");
	a.unblock();
	a.wait_until_succeeds("grep 1 /sys/class/net/eth0/carrier");
}

test("a machine has no card on a network that it is not on", .xfail = "it says so") {
	b.link_down(&other);
}
