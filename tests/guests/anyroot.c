#!/usr/bin/env vmtap
/*
 * anyroot.c - the tutorial's two examples, word for word the same on whatever root --vary gives; all have an nginx, a curl and an
 * alice, who has a firefox in a bin of her own
 *
 *	vmtap --vary image=build/debian12-web.tar,build/debian13-web.tar tests/guests/anyroot.c
 */
vm(server, .image = "build/debian13-web.tar");
vm(client, .image = "build/debian13-web.tar");

test("the client reads the server's page") {
	start_all();
	server.wait_for_open_port(80);
	client.succeed("curl -s http://server/ | grep -o 'Welcome to nginx!'");
}

test("alice can run firefox, root cannot") {
	like(server.succeed("su alice -c firefox"), "^Mozilla Firefox");
	server.fail("su root -c firefox");
}
