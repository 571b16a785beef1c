#!/usr/bin/env vmtap
/* tap.c - a guest's program that prints TAP: its points become ours */
vm(m);

/* What fails is in tests/cli/tap.t. */
test("kselftest's forms, three levels") {
	m.write_file("/run/out",
		     "TAP version 13\n1..3\n"
		     "# timeout set to 45\n# selftests: net: a.sh\n"
		     "# TAP version 13\n# 1..2\n"
		     "# # 1..1\n# # ok 1 deep\n# ok 1 inner\n# ok 2 inner # SKIP no ipv6\n"
		     "ok 1 selftests: net: a.sh\n"
		     "not ok 2 selftests: net: b.sh # TODO flaky\n"
		     "ok 3 selftests: net: c.sh # SKIP\n");
	m.tap("cat /run/out");
}
