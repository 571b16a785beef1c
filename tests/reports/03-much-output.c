/* right: ok, as much as the manual promises comes back; more is one clear error: much output hung a run elsewhere */
vm(m);

test("20 MB of output come back", .timeout = 400) {
	is(m.execute("head -c 20000000 /dev/zero").out_len, 20000000);
}

test("12 MB on each of both streams", .timeout = 400) {
	struct result r = m.execute("head -c 12000000 /dev/zero & head -c 12000000 /dev/zero >&2; wait");

	is(r.out_len, 12000000);
	is(r.err_len, 12000000);
}

test("64 MB are too many", .timeout = 400) {
	m.execute("head -c 64000000 /dev/zero >&2");
}

test("output without an end is stopped by its limit in bytes", .timeout = 400) {
	m.execute("cat /dev/zero");
}
