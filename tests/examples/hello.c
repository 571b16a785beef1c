#!/usr/bin/env vmtap
vm(one);
vm(two);

test("two machines see each other by name") {
	start_all();
	one.succeed("ping -c 1 two");
	two.succeed("ping -c 1 one");
}

test("a failed check does not end the test") {
	char *os = one.succeed("uname -s");

	is(os, "Linux");
	like(one.succeed("uname -r"), "^[0-9]+\\.[0-9]+");
}
