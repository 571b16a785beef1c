/* kernel.c - what the kernel has to say of itself at a test's end; kernel/trouble.c is what it stumbles over */
vm(m, .files = {"../../build/trouble:/trouble"});

static void load(const char *kind)
{
	m.execute(fmt("insmod /trouble/%s.ko", kind));
}

test("an oops, unheard of") {
	load("oops");
	is(m.succeed("echo the machine goes on"), "the machine goes on");
}

test("a bug that the kernel has found itself") {
	load("bug");
}

test("a trap that nobody expects") {
	load("opcode");
}

test("a warning, with what it says") {
	load("warning");
}

test("a complaint of the lock checker") {
	load("lockdep");
}

test("two reports, the second as soon as the first") {
	load("lockdep");
	load("warning");
}

test("what fails tells that the kernel was not well, too") {
	load("oops");
	m.succeed("cat /nothing");
}

test("an oops, allowed", .health = "oops") {
	load("oops");
	load("bug");
}

test("a warning and the lock checker, allowed", .health = "warning, lockdep") {
	load("warning");
	load("lockdep");
}

test("a warning where only an oops is allowed", .health = "oops, units") {
	load("oops");
	load("warning");
}

/* 20 of a kind are told. */
test("an oops behind more warnings than are told", .health = "warning") {
	load("warnings");
	load("oops");
}
