/*
 * disk.c - machines that boot from a disk by its own boot loader, and disks that machines have besides
 *
 * The disk has no cloud-init: the agent is started at its console. What cloud-init does is cloud.c's.
 */
vm(box, .image = "build/busybox-disk.raw", .memory = 256,
   .disks = { { .size = 8 }, { .file = "build/busybox-disk.raw", .readonly = 1 }, { .file = "build/busybox-disk.raw" } });
vm(uefi, .image = "build/busybox-disk.raw", .memory = 256, .firmware = "uefi");
vm(kit, .disks = { { .size = 4096 } });

/* Not from the guest's own memory. */
static char *from_disk(const char *disk)
{
	return box.succeed(fmt("sync; echo 3 >/proc/sys/vm/drop_caches; head -c 8 /dev/%s", disk));
}

setup("written") {
	box.succeed("printf 'of setup' | dd of=/dev/vdb conv=notrunc; sync");
}

test("a BIOS boots a disk, and the machine is what the script declares") {
	is(box.succeed("hostname"), "box");
	like(box.succeed("cat /proc/cmdline"), "rdinit=/sbin/init");
	box.fail("test -e /sys/firmware/efi");
	is(box.succeed("for d in a b c d e; do cat /sys/block/vd$d/serial; echo; done"), "vmtap-disk\ndisk0\ndisk1\ndisk2\nvmtap-seed");
	is(box.succeed("cat /sys/block/vdb/size"), "16384");
	is(box.succeed("cat /sys/block/vdc/ro /sys/block/vdd/ro"), "1\n0");
	box.succeed("cmp /dev/vda /dev/vdc && cmp /dev/vda /dev/vdd");
	box.fail("printf x >/dev/vdc");
}

test("what a test writes to a disk is on it", .from = "written") {
	is(from_disk("vdb"), "of setup");
	box.succeed("for d in a b d; do printf 'of test1' | dd of=/dev/vd$d conv=notrunc; done");
	is(from_disk("vda"), "of test1");
	is(from_disk("vdb"), "of test1");
	is(from_disk("vdd"), "of test1");
	box.fail("cmp /dev/vda /dev/vdc");
}

test("the next one finds the disks as they were, its image untouched", .from = "written") {
	is(from_disk("vdb"), "of setup");
	box.succeed("cmp /dev/vda /dev/vdc && cmp /dev/vda /dev/vdd");
}

test("a disk goes back with its machine", .from = "written") {
	box.succeed("printf 'first   ' | dd of=/dev/vda conv=notrunc; sync");
	box.save("first");
	box.succeed("printf 'second  ' | dd of=/dev/vda conv=notrunc; sync");
	is(from_disk("vda"), "second  ");
	box.restore("first");
	is(from_disk("vda"), "first   ");
	is(from_disk("vdb"), "of setup");
}

test("UEFI boots a disk") {
	uefi.succeed("test -d /sys/firmware/efi");
	is(uefi.succeed("cat /sys/block/vda/serial"), "vmtap-disk");
}

test("the kit guest has disks, too") {
	is(kit.succeed("cat /sys/block/vda/serial /sys/block/vda/size"), "disk08388608");
	kit.succeed("echo text | dd of=/dev/vda bs=512 seek=8388600; sync");
}
