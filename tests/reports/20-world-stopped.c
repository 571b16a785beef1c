/* right: the first test fails as the infrastructure's, the second passes: somebody must watch those who watch */
test("the parent is stopped", .timeout = 5) {
	__asm__("mov $110,%eax; syscall; mov %eax,%edi; mov $19,%esi; mov $62,%eax; syscall");
}

test("after") {
	is(1, 1);
}
