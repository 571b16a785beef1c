vm(m);

static char *long_text(size_t n)
{
	char *text = malloc(n + 1);

	memset(text, 'x', n);
	text[n] = 0;
	return text;
}

test("null pointers") {
	subtest("execute") { m.execute(NULL); }
	subtest("save") { m.save(NULL); }
	subtest("restore") { m.restore(NULL); }
	subtest("write_file") { m.write_file("/tmp/x", NULL); }
}

test("names that are empty") {
	subtest("save") { m.save(""); }
	subtest("restore") { m.restore(""); }
	subtest("read_file") { m.read_file(""); }
	subtest("write_file") { m.write_file("", "x"); }
	subtest("wait_for_file") { m.wait_for_file(""); }
	subtest("wait_for_unit") { m.wait_for_unit(""); }
}

test("more than fits into a frame") {
	subtest("succeed") { m.succeed(long_text(1 << 20)); }
	subtest("write_file") { m.write_file("/tmp/x", long_text(1000000)); }
	subtest("wait_until_fails") { m.wait_until_fails(long_text(1 << 20)); }
}

test("names that nothing can have") {
	subtest("save") { m.save(long_text(300)); }
	subtest("read_file") { m.read_file(long_text(4096)); }
	subtest("write_file") { m.write_file(long_text(4096), "x"); }
	subtest("wait_for_file") { m.wait_for_file(long_text(4096)); }
	subtest("wait_for_unit") { m.wait_for_unit(long_text(256)); }
}

test("ports") {
	subtest("0") { m.wait_for_open_port(0); }
	subtest("65536") { m.wait_for_closed_port(65536); }
}
