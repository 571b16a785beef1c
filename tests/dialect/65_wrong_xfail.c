test("no reason", .xfail = "") {}
setup("a setup", .xfail = "why") {}
