/* disk.c - a cloud's image, booted by its own boot loader: cloud-init and systemd have said that they are done, and one command */
vm(m, .image = "build/debian12-disk/disk.qcow2");

test("first") {
	m.succeed("true");
}
