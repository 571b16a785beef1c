/* thirty.c - a script of ordinary size (30 lines of code), for the cost of compiling one */
vm(server, .memory = 256, .hostname = "web");
vm_array(client, 2);
net(lan, .subnet = "10.1.0.0/16");

static void serve(const char *text)
{
	server.write_file("/tmp/www/index.html", text);
	server.succeed("httpd -h /tmp/www -p 80");
	server.wait_for_open_port(80);
}

test("clients read what the server serves") {
	serve("Welcome\n");
	for (int i = 0; i < 2; i++) {
		subtest(client[i].name) {
			char *page = client[i].succeed("wget -qO- http://web/");

			is(page, "Welcome");
			like(page, "^Wel");
		}
	}
}

test("a page that is not there", .timeout = 60) {
	serve("");
	within(20) {
		struct result r = client[0].execute("wget -qO- http://web/nope");

		is(r.status, 1);
		like(r.err, "404");
	}
}
