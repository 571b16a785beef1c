/* bzimage.h - the setup header of a bzImage, the kernel file of x86
 *
 * Source: Linux, Documentation/arch/x86/boot.rst. Numbers are little-endian;
 * offsets count bytes from the start of the file.
 */
#ifndef IMAGE_BZIMAGE_H
#define IMAGE_BZIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum bzimage_field {
	BZIMAGE_SECTORS = 0x1f1,	/* u8, of the setup code; 0 means 4 */
	BZIMAGE_BOOT_FLAG = 0x1fe,	/* 55 aa */
	BZIMAGE_MAGIC = 0x202,		/* "HdrS" */
	BZIMAGE_PROTOCOL = 0x206,	/* u16 */
	BZIMAGE_VERSION = 0x20e,	/* u16: where the release stands, from BZIMAGE_VERSION_BASE */
	BZIMAGE_INITRD_MAX = 0x22c,	/* u32, from BZIMAGE_PROTOCOL_INITRD on: the last byte where an initramfs may be */
	BZIMAGE_LOAD_FLAGS = 0x236,	/* u16 */
	BZIMAGE_PAYLOAD_OFFSET = 0x248, /* u32, behind the setup code */
	BZIMAGE_PAYLOAD_LENGTH = 0x24c, /* u32 */
	BZIMAGE_SIZE = 0x250,		/* of the header up to here */
};

enum bzimage_value {
	BZIMAGE_VERSION_BASE = 0x200,
	BZIMAGE_PROTOCOL_PAYLOAD = 0x208, /* the first protocol with a payload */
	BZIMAGE_PROTOCOL_INITRD = 0x203,
	BZIMAGE_ABOVE_4G = 1 << 1, /* of BZIMAGE_LOAD_FLAGS: BZIMAGE_INITRD_MAX does not count */
	BZIMAGE_SECTOR = 512,
};

/* Return: whether the @n bytes at the start of a file are a bzImage's, and have all of its header. */
static inline bool bzimage_is(const void *data, size_t n)
{
	const uint8_t *p = data;

	return n >= BZIMAGE_SIZE && p[BZIMAGE_BOOT_FLAG] == 0x55 && p[BZIMAGE_BOOT_FLAG + 1] == 0xaa &&
	       memcmp(p + BZIMAGE_MAGIC, "HdrS", 4) == 0;
}

#endif
