vm(group, .users = {{"alice", .groups = "wheel,Audio"}});
vm(home, .users = {{"alice", .home = "home/alice"}, {"bob", .home = "/home:bob"}});
vm(shell, .users = {{"alice", .shell = "bash"}});
vm(uid, .users = {{"alice", .uid = -1}, {"bob", .uid = 4294967295}});
vm(password, .users = {{"alice", .password = "$secret"}, {"bob", .password = "a\nb"}});

test("nothing boots") {
	ok(1);
}
