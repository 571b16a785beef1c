/* right: ok, the first label of a host name with dots resolves, too, as it does with a search domain */
vm(one, .hostname = "web.example.com");
vm(two);

test("long and short name", .timeout = 400) {
	start_all();
	two.succeed("ping -c 1 -W 30 web.example.com");
	two.succeed("ping -c 1 -W 30 web");
	is(one.succeed("hostname -f"), "web.example.com");
}
