vm(one, .arch = "aarch64");
vm(two, .arch = "");
vm(three, .arch = "x86_64");

test("x") {
}
