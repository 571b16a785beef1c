/* right: a failed point of the infrastructure that says that the file is too large; SIGXFSZ killed whole runs */
vm(m);

test("up") {
	is(m.succeed("echo hi"), "hi");
}
