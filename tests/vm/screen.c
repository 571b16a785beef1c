#!/usr/bin/env vmtap
/* screen.c - screens and keyboards */
vm(m, .display = 1);
vm(blind);

/* A shell on the first virtual terminal, as a login would have it. */
setup {
	m.succeed("(setsid getty -n -l /bin/sh 38400 tty1 </dev/null >/dev/null 2>&1 &)");
	m.wait_for_text("^/ # *$");
}

static void clear(void)
{
	m.send_chars("clear\n");
	m.wait_for_text("^/ #\n$");
}

test("what is typed is on the screen, and is read there exactly") {
	m.send_chars("echo \"The Quick (brown) fox\" '{jumps}' $((6*7)) \\! 0O1lI5S8B\n");
	m.wait_for_text("^The Quick \\(brown\\) fox \\{jumps\\} 42 ! 0O1lI5S8B$");
	like(m.screen_text(), "^/ # echo \"The Quick");
}

test("colours are read, too") {
	clear();
	m.succeed("printf '\\033[5;1H\\033[1;37;44m blue \\033[7m upside down \\033[0m \\303\\266\\n' >/dev/tty1");
	like(m.wait_for_text("upside"), "^ blue  upside down  \303\266$");
}

test("the screen says what the terminal says") {
	m.succeed("dmesg | head -n 30 >/dev/tty1");
	eventually(strcmp(m.screen_text(), m.tty_text(1)) == 0, 10); /* a graphics card is drawn to a moment later */
}

test("keys that are pressed together, and by name") {
	m.send_chars("echo abx");
	m.send_key("backspace");
	m.send_key("shift-c");
	m.send_key("ret");
	m.wait_for_text("^abC$");
}

/* Written beside the script's other output, where the host can read it. */
test("a screenshot is a PNG of the screen") {
	FILE *f;
	char head[24] = "";

	m.screenshot("build/screenshot-test");
	f = fopen("build/screenshot-test.png", "r");
	if (ok(f != NULL))
		is(fread(head, 1, 24, f), 24);
	ok(memcmp(head, "\211PNG\r\n\32\n\0\0\0\rIHDR", 16) == 0);
	ok(memcmp(head + 16, "\0\0\2\320\0\0\1\220", 8) == 0 || memcmp(head + 16, "\0\0\4\0\0\0\3\0", 8) == 0, "720 by 400, or 1024 by 768");
}

test("a screenshot that nobody keeps is told") {
	m.screenshot("login");
}

test("a machine without a screen has none", .xfail = "it says so") {
	blind.screenshot("x");
}

test("a text that no key types is not typed", .xfail = "it says so") {
	m.send_chars("caf\303\251");
}
