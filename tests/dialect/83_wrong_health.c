test("a word that is none", .health = "oom, unit") {}
test("all words", .health = "oops, warning, lockdep, hung, oom, coredump, units, all") {}
setup("a setup", .health = "oom") {}
