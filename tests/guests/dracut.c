#!/usr/bin/env vmtap
/*
 * dracut.c - disks whose roots are XFS and Btrfs, with an initramfs of dracut's: booted whole, and by a kernel that is given
 *
 * They have no cloud-init: where the boot loader boots, the agent is started at the console. Their fstab is empty, so a root
 * that is mounted to be read, as the boot loader has it, stays so.
 */
vm_array(whole, 2, .image = "build/debian12-dracut/xfs.img");
vm(uefi, .image = "build/debian12-dracut/xfs.img", .firmware = "uefi");
vm(given, .image = "build/debian12-dracut/btrfs.img", .kernel = "build/debian12-dracut/vmlinuz", .initrd = "build/debian12-dracut/initrd.img");

static void is_a_machine_on(struct vm *m, const char *system)
{
	is(m->succeed("findmnt -n -o FSTYPE /"), system);
	is(m->succeed("systemctl is-active multi-user.target"), "active");
	m->succeed("test -d /run/initramfs"); /* dracut was there */
}

test("a BIOS boots XFS, and two such machines hear each other") {
	is_a_machine_on(&whole[0], "xfs");
	is(whole[1].succeed("hostname"), "whole1");
	whole[1].fail("touch /written");
	like(whole[1].execute(fmt("bash -c ': </dev/tcp/%s/1' 2>&1", whole[0].ip(0))).out, "refused"); /* by the other, who is there */
}

test("UEFI boots it, too") {
	is_a_machine_on(&uefi, "xfs");
	uefi.succeed("test -d /sys/firmware/efi");
}

test("a kernel with dracut's initramfs boots Btrfs, and the agent outlives the switch of root") {
	is_a_machine_on(&given, "btrfs");
	is(given.succeed("hostname"), "given");
	given.succeed("touch /written && sync");
}
