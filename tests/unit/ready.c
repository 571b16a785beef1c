/* ready.c - what a script's .ready means, and why a guest is not */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "machine/unready.h"
#include "wire/ready.h"

TEST(ready, a_number_is_a_port)
{
	CHECK_INT(ready_read("80").what, WIRE_WAIT_PORT);
	CHECK_INT(ready_read("80").port, 80);
	CHECK_INT(ready_read("999999999").port, 999999999); /* which fields_guest.c refuses */
	CHECK_INT(ready_read("9999999999").what, WIRE_WAIT_SUCCEEDS);
	CHECK_INT(ready_read("80 ").what, WIRE_WAIT_SUCCEEDS);
}

TEST(ready, a_path_is_a_file_and_a_kind_of_unit_a_unit)
{
	CHECK_INT(ready_read("/run/x").what, WIRE_WAIT_FILE);
	CHECK_STR(ready_read("/run/x").subject, "/run/x");
	CHECK_INT(ready_read("/run/x.service").what, WIRE_WAIT_FILE);
	CHECK_INT(ready_read("nginx.service").what, WIRE_WAIT_UNIT);
	CHECK_INT(ready_read("getty@tty1.service").what, WIRE_WAIT_UNIT);
	CHECK_STR(ready_read("multi-user.target").subject, "multi-user.target");
}

TEST(ready, anything_else_is_a_command)
{
	CHECK_INT(ready_read("/usr/bin/test -e /x").what, WIRE_WAIT_SUCCEEDS);
	CHECK_INT(ready_read("true").what, WIRE_WAIT_SUCCEEDS);
	CHECK_INT(ready_read(".service").what, WIRE_WAIT_SUCCEEDS);
	CHECK_INT(ready_read("./x.service").what, WIRE_WAIT_SUCCEEDS);
	CHECK_INT(ready_read("nginx.services").what, WIRE_WAIT_SUCCEEDS);
	CHECK_STR(ready_read("systemctl is-active x.service").subject, "systemctl is-active x.service");
}

TEST(ready, nothing_is_the_inits_own_word)
{
	CHECK_INT(ready_read(NULL).what, WIRE_WAIT_READY);
	CHECK_STR(ready_read(NULL).subject, "");
}

/* ---- unready ---- */

static void check_cause(const char *console, bool heard, const char *want)
{
	cleanup_free char *cause = unready_cause(console, strlen(console), 64, heard);

	CHECK_HAS(cause ? cause : "nothing", want);
}

TEST(unready, the_agents_last_words_come_first)
{
	check_cause("Out of memory\nvmtap: one\nBooting from ROM..vmtap: cannot find the disk 'x'\nthe kernel may lack virtio_blk\n"
		    "[    2.0] reboot: Power down\n", false,
		    "its agent said: cannot find the disk 'x'; the kernel may lack virtio_blk");
	check_cause("vmtap: one\n", true, "nothing"); /* it lives, and speaks for itself */
}

TEST(unready, what_kernels_say_is_known)
{
	check_cause("x\n[    0.4] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n", false,
		    "CONFIG_BLK_DEV_INITRD=y");
	check_cause("[    0.4] Kernel panic - not syncing: System is deadlocked on memory\n", false,
		    "probably the guest has too little memory (.memory is 64 MiB)");
	check_cause("[    9.4] Out of memory: Killed process 99 (systemd)\n", true, "too little memory");
	check_cause("[    0.4] Initramfs unpacking failed: write error\n", false, "does not fit");
	check_cause("[    0.4] Initramfs unpacking failed: invalid magic at start of compressed archive\n", false, "CONFIG_RD_");
	check_cause("[    0.4] hello\n", false, "nothing");
}

TEST(unready, silence_is_told_from_what_firmware_says)
{
	check_cause("", false, "its kernel said nothing: probably it does not fit into 64 MiB");
	check_cause("SeaBIOS (version 1.16)\nBooting from ROM..", false, "its kernel said nothing");
	check_cause("SeaBIOS (version 1.16)\nBooting from ROM..[    0.0] x", false, "nothing");
	check_cause("", true, "nothing");
}
