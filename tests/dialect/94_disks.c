/* Disks that make no sense, and firmware that does not exist: errors at their lines, before anything boots. */
vm(none, .disks = { { .readonly = 1 } });
vm(both, .disks = { { .size = 8, .file = "data.img" } });
vm(nameless, .disks = { { .size = 8 }, { .file = "" } });
vm(huge, .disks = { { .size = 4194305 } });
vm(negative, .disks = { { .size = -1 } });
vm(useless, .disks = { { .size = 8, .readonly = 1 } });
vm(hole, .disks = { { .size = 8 }, { }, { .size = 8 } });
vm(many, .disks = { { .size = 1 }, { .size = 1 }, { .size = 1 }, { .size = 1 }, { .size = 1 }, { .size = 1 }, { .size = 1 } });
vm(coreboot, .firmware = "coreboot");
vm(empty, .firmware = "");

test("nothing") {
}
