setup("a", .from = "c") {}
setup("b", .from = "a") {}
setup("c", .from = "b") {}
setup("own", .from = "own") {}
setup("twice") {}
setup("twice") {}
setup("") {}
setup("skipped", .skip = "why") {}
setup("timed", .timeout = 1) {}
setup("ready") {}
test("a", .from = "redy") {}
test("b", .from = "nothing like it") {}
