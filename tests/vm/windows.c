#!/usr/bin/env vmtap
/* windows.c - X windows; a stand-in plays xwininfo and says what that says of a server with three windows */
vm(m);

static void begin(void)
{
	m.write_file("/bin/xwininfo",
		     "#!/bin/sh\n"
		     "[ \"$DISPLAY $*\" = ':0 -root -tree' ] && [ -e /tmp/up ] || { echo 'unable to open display' >&2; exit 1; }\n"
		     "cat <<E\n\n"
		     "xwininfo: Window id: 0x50d (the root window) (has no name)\n\n"
		     "  Root window id: 0x50d (the root window) (has no name)\n"
		     "  Parent window id: 0x0 (none)\n"
		     "     3 children:\n"
		     "     0x1200003 \"It's a \"window\": (one)\": (\"xterm\" \"XTerm\")  484x316+0+0  +0+0\n"
		     "        1 child:\n"
		     "        0x1200004 (has no name): ()  484x316+0+0  +0+0\n"
		     "     0x1400001 \"Mozilla Firefox\": (\"Navigator\" \"firefox\")  10x10+10+10  +10+10\n"
		     "E\n");
	m.succeed("chmod +x /bin/xwininfo");
}

test("a server and its windows are waited for") {
	begin();
	m.succeed("(sleep 0.3; touch /tmp/up) >/dev/null 2>&1 &");
	m.wait_for_x();
	is(m.wait_for_window("^Moz.*(Firefox|Iceweasel)$"), "Mozilla Firefox");
	is(m.window_names(), "It's a \"window\": (one)\nMozilla Firefox\n");
}

test("a window that does not come is told with those that are there", .xfail = "that is what it shows") {
	begin();
	m.succeed("touch /tmp/up");
	within(10)
		m.wait_for_window("it's not there");
}

test("a guest without xwininfo is told", .xfail = "that is what it shows") {
	m.wait_for_x();
}
