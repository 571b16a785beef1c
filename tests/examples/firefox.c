#!/usr/bin/env vmtap
/*
 * The minimal example of the tutorial "Integration testing with NixOS virtual
 * machines": a program that user alice has on her PATH and root has not. In
 * the image a stand-in plays the browser.
 */
vm(machine, .image = "build/debian12-web.tar");

test("alice can run firefox, root cannot") {
	machine.wait_for_unit("default.target");
	machine.succeed("su -- alice -c 'which firefox'");
	machine.fail("su -- root -c 'which firefox'");
}
