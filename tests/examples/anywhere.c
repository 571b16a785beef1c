#!/usr/bin/env vmtap
/*
 * The tutorial's two examples on a root of which nothing is assumed: users come from the script, the shell is any. By itself one
 * in Alpine's manner, of BusyBox and OpenRC, that has no systemd, no bash, no su of util-linux and no useradd; on others by
 *
 *	vmtap --vary image=debian12.tar,debian13.tar,devuan.tar tests/examples/anywhere.c
 */
vm_array(machine, 2, .image = "build/openrc.tar", .users = {{"alice", .groups = "wheel"}},
	 .provision = "mkdir -p /home/alice/bin && printf '#!/bin/sh\\necho Mozilla Firefox\\n' >/home/alice/bin/firefox && "
		      "chmod +x /home/alice/bin/firefox");

test("the client reads the server's page") {
	struct vm *server = &machine[0], *client = &machine[1];

	server->wait_for_open_port(80);
	is(client->succeed("curl -s http://machine0/ | grep -o -m 1 'Welcome to nginx!'"), "Welcome to nginx!");
}

test("alice can run firefox, root cannot") {
	is(machine[0].succeed("su alice -c 'PATH=/home/alice/bin:$PATH; firefox'"), "Mozilla Firefox");
	machine[0].fail("su root -c firefox");
	like(machine[0].succeed("id -nG alice"), "\\bwheel\\b");
}
