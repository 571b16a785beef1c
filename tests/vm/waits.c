#!/usr/bin/env vmtap
/* waits.c - waiting inside the guest */
vm(m);

test("a file that appears later is waited for") {
	m.succeed("(sleep 1; mkdir -p /run/deep/er; touch /run/deep/er/file) >/dev/null 2>&1 &");
	m.wait_for_file("/run/deep/er/file");
	m.succeed("test -e /run/deep/er/file");
}

test("a port that opens and closes later is waited for") {
	m.succeed("(sleep 1; exec nc -l -p 8080) >/dev/null 2>&1 &");
	m.wait_for_open_port(8080);
	m.succeed("(sleep 1; killall nc) >/dev/null 2>&1 &");
	m.wait_for_closed_port(8080);
}

test("a command is tried until it succeeds or fails") {
	m.succeed("(sleep 1; touch /run/now) >/dev/null 2>&1 &");
	is(m.wait_until_succeeds("test -e /run/now && echo there"), "there");
	m.succeed("(sleep 1; rm /run/now) >/dev/null 2>&1 &");
	m.wait_until_fails("cat /run/now");
}
