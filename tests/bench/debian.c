/* debian.c - a whole system: systemd has said that it is up, nginx with it, and one command */
vm(m, .image = "build/debian12-web.tar");

test("first") {
	m.succeed("true");
}
