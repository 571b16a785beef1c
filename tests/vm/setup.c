#!/usr/bin/env vmtap
/* setup.c - what setup leaves is where every test begins */
use("lib/clock.c");
use("lib/identity.c");
use("lib/shell.c");

vm(server);
vm(client);
vm(unused);

setup {
	server.write_file("/www/page", "draft\n");
	server.save("draft");
	server.write_file("/www/page", "spoiled\n");
	server.restore("draft");
	is(server.read_file("/www/page"), "draft\n"); /* its memory is in a file, and was kept all the same */
	server.write_file("/www/page", "hello\n");
	server.succeed("httpd -h /www -p 80");
	server.wait_for_open_port(80);
	client.succeed("wget -qO /tmp/fetched http://server/page");
}

test("the machines run on, connected") {
	ok(server.is_up());
	is(client.succeed("cat /tmp/fetched"), "hello");
	is(client.succeed("wget -qO- http://server/page"), "hello");
	client.succeed("rm /tmp/fetched");
}

test("a shell waits in each for the first command") {
	was_loaded_before(&server);
	was_loaded_before(&client);
}

test("each test has copies of its own") {
	is(client.succeed("cat /tmp/fetched"), "hello");
	clock_is_right(&server, "as setup left it", 1000); /* not the one that it was left with */
}

test("who met in the setup still reach each other") {
	client.start();
	like(server.succeed("ip neigh"), "192\\.168\\.1\\.2 dev eth0 lladdr 52:54:00:12:01:02 ");
	reach_each_other(&server, "server", &client, "client");
	isnt(client.succeed("head -c 16 /dev/urandom | od -An -x"), server.succeed("head -c 16 /dev/urandom | od -An -x"));
}

test("a machine that setup did not use is off") {
	ok(!unused.is_up());
	is(unused.succeed("hostname"), "unused");
}
