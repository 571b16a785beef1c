#!/usr/bin/env vmtap
/* console.c - the serial console and the virtual terminals */
vm(m);
vm(shown, .display = 1);

/* What is printed next is a line of its own: where the machine has booted, the firmware's last one may have no end. */
static void end_line(void)
{
	m.succeed("echo >/dev/console");
}

test("each line of the console is looked at once, with its newline") {
	end_line();
	m.succeed("printf 'first\\nsecond one\\nthird\\n' >/dev/console");
	is(m.wait_for_console_text("^second .*\n"), "second one");
	is(m.wait_for_console_text("rd$"), "third");
	m.succeed("printf 'first again\\n' >/dev/console");
	is(m.wait_for_console_text("^first( again)?$"), "first again");
	like(m.console_log(), "^first\nsecond one\nthird\nfirst again$");
}

test("a prompt, whose line has no end yet, is seen; and what follows it, alone") {
	end_line();
	m.succeed("printf 'name: ' >/dev/console");
	is(m.wait_for_console_text("name: $"), "name: ");
	m.succeed("echo and more >/dev/console");
	is(m.wait_for_console_text("^and more$"), "name: and more");
}

test("a line that comes later is waited for") {
	m.succeed("(sleep 0.3; echo here I am >/dev/console) >/dev/null 2>&1 &");
	m.wait_for_console_text("here");
}

test("what is typed on the console is read there") {
	end_line();
	m.succeed("(exec 3<>/dev/ttyS0; stty -echo <&3; echo listening >&3; read x <&3; echo \"got <$x>\" >&3) >/dev/null 2>&1 &");
	m.wait_for_console_text("^listening$");
	m.send_console("two words\n");
	is(m.wait_for_console_text("^got .*>"), "got <two words>");
}

test("the newest lines of a guest that floods its console are seen") {
	m.succeed("(yes flood | head -n 5000; echo the end) >/dev/console 2>/dev/null &");
	m.wait_for_console_text("^the end$");
}

test("the text of a terminal, and a wait for some") {
	shown.succeed("printf '\\033[2J\\033[Hone\\n\\n  two  \\n' >/dev/tty1");
	is(shown.tty_text(1), "one\n\n  two\n");
	shown.wait_until_tty_matches(1, "^  two$");
	shown.succeed("(sleep 0.3; echo later >/dev/tty1) >/dev/null 2>&1 &");
	like(shown.wait_until_tty_matches(1, "^later$"), "one");
}
