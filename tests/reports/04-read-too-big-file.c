/* right: not ok at once, "more than ... MiB": sparse files of many gigabytes are common in guests */
vm(m);

test("a file that is too big is refused at once", .timeout = 400) {
	m.succeed("truncate -s 20G /tmp/f");
	m.read_file("/tmp/f");
}

test("so is one that has no size", .timeout = 400) {
	m.read_file("/dev/zero");
}
