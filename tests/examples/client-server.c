#!/usr/bin/env vmtap
/*
 * The client-server example of the tutorial "Integration testing with NixOS
 * virtual machines": a real nginx on one machine, a real curl on the other.
 */
vm(server, .image = "build/debian12-web.tar");
vm(client, .image = "build/debian12-web.tar");

test("the client reads the server's page") {
	start_all();
	server.wait_for_unit("default.target");
	client.wait_for_unit("default.target");
	server.wait_for_unit("nginx.service");
	server.wait_for_open_port(80);
	client.succeed("curl -s http://server/ | grep -o 'Welcome to nginx!'");
}
