#!/usr/bin/env vmtap
/*
 * The minimal example of the tutorial "Integration testing with NixOS virtual
 * machines": Firefox, which user alice has on her PATH and root has not. Here it
 * is run as well, on the machine's screen. Minutes without KVM: `make
 * porting-check`, not `make check`, runs this.
 */
vm(machine, .image = "../../build/debian12-firefox.tar", .memory = 2048, .cpus = 2, .display = 1);

test("alice can run firefox, root cannot", .timeout = 600) {
	machine.wait_for_unit("default.target");
	machine.succeed("su -- alice -c 'which firefox'");
	machine.fail("su -- root -c 'which firefox'");
	like(machine.succeed("su -- alice -c 'firefox --version'"), "^Mozilla Firefox [0-9]");
	machine.fail("su -s /bin/sh nobody -c 'ls /home/alice/.local/lib'");
}

/* Emulated, code that is written at run time costs more than it saves, and so do processes that wait for a page. */
static const char settings[] =
	"pref('javascript.options.baselinejit', false);\n"
	"pref('javascript.options.ion', false);\n"
	"pref('javascript.options.native_regexp', false);\n"
	"pref('fission.autostart', false);\n"
	"pref('dom.ipc.processCount', 1);\n"
	"pref('dom.ipc.processPrelaunch.enabled', false);\n"
	"pref('extensions.enabledScopes', 0);\n";

/* The page is there when the window has its title. */
test("its window is on the screen", .timeout = 900) {
	machine.start_job("x");
	machine.wait_for_x();
	machine.write_file("/srv/page.html", "<title>Hello</title><body bgcolor=#4080ff><h1>It works</h1>");
	machine.write_file("/etc/firefox-esr/tests.js", settings);
	machine.succeed("systemd-run -q --unit=firefox --uid=alice --setenv=DISPLAY=:0 --setenv=HOME=/home/alice --setenv=MOZ_CRASHREPORTER_DISABLE=1 "
			"/home/alice/.local/bin/firefox --kiosk file:///srv/page.html");
	within(600)
		note(machine.wait_for_window("^Hello . Mozilla Firefox"));
	machine.screenshot("firefox");
}
