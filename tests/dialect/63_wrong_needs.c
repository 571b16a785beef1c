needs("");
test("nothing", .needs = " ") {}
test("blanks", .needs = "kvm internet") {}
test("paths", .needs = "/bin/sh") {}
test("units", .needs = "kvm, memory=4G") {}
test("none", .needs = "memory=0") {}
test("a comma too many", .needs = "sh,,ls") {}
setup("a setup", .needs = "kvm") {}
