static double zero;

test("infinite") {
	within(1 / zero) {
	}
}

test("not a number") {
	within(zero / zero) {
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
