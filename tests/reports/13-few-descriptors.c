/* right: ok, or words that name the limit on open files; a low limit was reported as anything but itself */
vm(m);

test("up") {
	is(m.succeed("echo hi"), "hi");
}
