#!/usr/bin/env vmtap
/*
 * The tutorial's two examples where nothing is as they know it: a root in Alpine's manner, of BusyBox and OpenRC, that has no
 * systemd, no bash, no su of util-linux and no useradd. Users come from the script.
 */
vm_array(alpine, 2, .image = "build/openrc.tar", .users = {{"alice", .groups = "wheel"}},
	 .provision = "mkdir -p /home/alice/bin && printf '#!/bin/sh\\necho Mozilla Firefox\\n' >/home/alice/bin/firefox && "
		      "chmod +x /home/alice/bin/firefox");

test("the client reads the server's page") {
	struct vm *server = &alpine[0], *client = &alpine[1];

	server->wait_for_open_port(80);
	is(client->succeed("curl -s http://alpine0/ | grep -o -m 1 'Welcome to nginx!'"), "Welcome to nginx!");
}

test("alice can run firefox, root cannot") {
	struct vm *machine = &alpine[0];

	is(machine->succeed("su alice -c 'PATH=$HOME/bin:$PATH; firefox'"), "Mozilla Firefox");
	machine->fail("su root -c 'PATH=$HOME/bin:$PATH; firefox'");
	is(machine->succeed("id -nG alice; cat /proc/1/comm; cat /run/openrc/softlevel"), "alice wheel\ninit\ndefault");
}
