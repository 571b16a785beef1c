#!/usr/bin/env vmtap
/* setup.c - what setup leaves is where every test begins */
vm(server);
vm(client);
vm(unused);

setup {
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

test("each test has copies of its own") {
	is(client.succeed("cat /tmp/fetched"), "hello");
	ok(labs(time(NULL) - atol(server.succeed("date +%s"))) <= 2, "the clock is right");
}

test("a machine that setup did not use is off") {
	ok(!unused.is_up());
	is(unused.succeed("hostname"), "unused");
}
