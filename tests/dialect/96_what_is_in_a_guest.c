vm(all, .users = {{"alice", .groups = "wheel,audio", .password = "secret: with blanks", .home = "/srv/alice", .shell = "/bin/sh", .uid = 2000},
		  {"_daemon-2", .password = "$6$rounds=1000$salt$hash"}, {"root", .password = ""}},
   .env = {"A=1", "_b2=", "C=d=e\nf"}, .ready = "multi-user.target", .tpm = 1);
vm(by_file, .ready = "/run/ready", .tpm = 1.2);
vm(by_port, .ready = "65535", .tpm = 2.0);
vm(by_command, .ready = "/usr/bin/test -e /run/ready", .tpm = 0);
vm(most, .users = {{"a"}, {"b"}, {"c"}, {"d"}, {"e"}, {"f"}, {"g"}, {"h"}, {"i"}, {"j"}, {"k"}, {"l"}, {"m"}, {"n"}, {"o"}, {"p"}});

test("nothing of it is wrong") {
	ok(1);
}
