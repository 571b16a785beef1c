vm(one, .clock = "fast");
vm(two, .clock = "");
vm(three, .clock = "virtual");

test("x") {
}
