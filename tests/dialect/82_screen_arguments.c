vm(m, .display = 1);

test("arguments") {
	subtest("null") { m.screenshot(NULL); }
	subtest("empty") { m.screenshot(""); }
	subtest("two lines") { m.screenshot("a\nb"); }
	subtest("no keys") { m.send_key(""); }
	subtest("no text") { m.send_chars(NULL); }
	subtest("bad") { m.wait_for_text("("); }
}
