vm(noname, .users = {{.groups = "wheel"}});
vm(badname, .users = {{"Alice"}, {"1st"}, {"a:b"}, {"abcdefghijklmnopqrstuvwxyzabcdefg"}});
vm(twice, .users = {{"alice"}, {"bob"}, {"alice"}});
vm(nobody, .users = {});
vm(gap, .users = {{"alice"}, {0}, {"bob"}});
vm(toomany, .users = {{"a"}, {"b"}, {"c"}, {"d"}, {"e"}, {"f"}, {"g"}, {"h"}, {"i"}, {"j"}, {"k"}, {"l"}, {"m"}, {"n"}, {"o"}, {"p"}, {"q"}});

test("nothing boots") {
	ok(1);
}
