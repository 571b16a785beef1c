test("infinite") {
	within(1e400) {
	}
}

test("not a number") {
	within(1e400 - 1e400) {
	}
}

test("a subtest without a name") {
	subtest("") {
	}
}

test("a subtest with no name") {
	subtest(env("VMTAP_THIS_IS_NOT_SET")) {
	}
}
