vm(m, .display = "yes");
vm(n);

test("never run") {
	n.screenshot("x");
}
