#!/usr/bin/env vmtap
/* login.c - in the spirit of nixpkgs' login.nix: a person at the keyboard of a text console */
vm(machine, .image = "../../build/debian12-services.tar", .memory = 384, .display = 1);

setup {
	machine.wait_for_unit("multi-user.target");
	machine.wait_until_tty_matches(1, "login: *$");
}

static void log_in(const char *name, const char *password)
{
	machine.send_chars(fmt("%s\n", name));
	machine.wait_until_tty_matches(2, fmt("login: %s", name));
	machine.wait_until_tty_matches(2, "Password:");
	machine.send_chars(fmt("%s\n", password));
}

test("alice logs in at another virtual console, and out") {
	machine.fail("pgrep -f '[a]getty.*tty2'");
	machine.send_key("alt-f2");
	machine.wait_until_succeeds("[ $(cat /sys/class/tty/tty0/active) = tty2 ]");
	machine.wait_for_unit("getty@tty2.service");
	machine.wait_until_tty_matches(2, "login: *$");
	log_in("alice", "foobar");
	machine.wait_until_succeeds("pgrep -u alice bash");
	machine.send_chars("tty >where; id -un >who; touch done\n");
	machine.wait_for_file("/home/alice/done");
	is(machine.read_file("/home/alice/where"), "/dev/tty2\n");
	is(machine.read_file("/home/alice/who"), "alice\n");
	like(machine.succeed("loginctl list-sessions --no-legend"), "alice .*tty2");
	like(machine.screen_text(), "alice@machine:~\\$ tty >where");
	machine.send_chars("exit\n");
	machine.wait_until_fails("pgrep -u alice bash");
	machine.wait_until_tty_matches(2, "login: *$");
}

test("a wrong password is refused") {
	machine.send_key("alt-f2");
	machine.wait_until_tty_matches(2, "login: *$");
	log_in("alice", "wrong");
	machine.wait_until_tty_matches(2, "Login incorrect");
	machine.fail("pgrep -u alice bash");
}
