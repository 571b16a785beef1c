#!/usr/bin/env vmtap
/*
 * The minimal example of the tutorial "Integration testing with NixOS virtual
 * machines": Firefox, which user alice has on her PATH and root has not. Here it
 * is run as well, on the machine's screen: a setup starts it, once, and each test
 * goes on with a copy of the machine in which it runs. Minutes the first time:
 * `make porting-check`, not `make check`, runs this.
 *
 * A browser paints sixty times a second, before all else that it does. Emulated by
 * a slow host it never comes to the end of that: no page was there after ten minutes.
 * By a virtual clock its second is as long as it takes.
 */
vm(machine, .image = "../../build/debian12-firefox.tar", .memory = 2048, .display = 1, .clock = "virtual");

/* Emulated, code that is written at run time costs more than it saves, and so do processes that wait for a page. */
static const char settings[] =
	"pref('javascript.options.baselinejit', false);\n"
	"pref('javascript.options.ion', false);\n"
	"pref('javascript.options.native_regexp', false);\n"
	"pref('fission.autostart', false);\n"
	"pref('dom.ipc.processCount', 1);\n"
	"pref('dom.ipc.processPrelaunch.enabled', false);\n"
	"pref('extensions.enabledScopes', 0);\n";

/* Its title says which key was pressed: a window's name needs no eyes. */
static const char page[] =
	"<title>Hello</title><body bgcolor=#4080ff onkeydown=\"document.title = 'Key ' + event.key\"><h1>It works</h1>";

/* The page is there when the window has its title. */
setup("a browser") {
	machine.start_job("x");
	machine.wait_for_x();
	machine.write_file("/srv/page.html", page);
	machine.write_file("/etc/firefox-esr/tests.js", settings);
	machine.succeed("systemd-run -q --unit=firefox --uid=alice --setenv=DISPLAY=:0 --setenv=HOME=/home/alice --setenv=MOZ_CRASHREPORTER_DISABLE=1 "
			"/home/alice/.local/bin/firefox --kiosk file:///srv/page.html");
	within(1800)
		machine.wait_for_window("^Hello . Mozilla Firefox");
}

test("alice can run firefox, root cannot", .timeout = 600) {
	machine.wait_for_unit("default.target");
	machine.succeed("su -- alice -c 'which firefox'");
	machine.fail("su -- root -c 'which firefox'");
	like(machine.succeed("su -- alice -c 'firefox --version'"), "^Mozilla Firefox [0-9]");
	machine.fail("su -s /bin/sh nobody -c 'ls /home/alice/.local/lib'");
}

test("its window is on the screen", .from = "a browser") {
	note(machine.wait_for_window("^Hello . Mozilla Firefox"));
	machine.screenshot("firefox");
}

test("a key that is pressed reaches the page", .from = "a browser") {
	machine.send_key("v");
	within(600)
		machine.wait_for_window("^Key v . Mozilla Firefox");
}

test("its text can be read", .from = "a browser", .needs = "tesseract") {
	within(600)
		machine.wait_for_text("It works");
}
