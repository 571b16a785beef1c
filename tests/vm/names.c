#!/usr/bin/env vmtap
/* names.c - the names by which machines find each other */
vm(one, .hostname = "web.example.com");
vm(two, .hostname = "db_1");
vm(three);

static const char *const names_of_one[] = {"web.example.com", "web", "one"};

test("a machine is found by its host name, its first label, and its name in the script") {
	start_all();
	for (size_t i = 0; i < sizeof(names_of_one) / sizeof(names_of_one[0]); i++)
		three.succeed(fmt("ping -c 1 -W 10 %s", names_of_one[i]));
	one.succeed("ping -c 1 -W 10 db_1 && ping -c 1 -W 10 two && ping -c 1 -W 10 three");
	is(one.succeed("hostname -f"), "web.example.com");
	is(one.succeed("hostname"), "web.example.com");
}
