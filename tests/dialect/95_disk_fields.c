/* Disks that make sense are taken, and a field that a disk does not have is named. */
vm(a, .disks = { { .size = 4194304 }, { .file = "data.img", .readonly = 1 }, { .file = "more.qcow2" } });
vm(b, .disks = { { .size = 8, .format = "raw" } });

test("nothing") {
}
