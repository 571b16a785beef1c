/* vmlinux.c - the kernel out of a bzImage, and LZ4 */
#include "unit.h"

#include <elf.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/mem.h"
#include "image/kernel.h"
#include "image/lz4.h"
#include "image/vmlinux.h"

/* ---- LZ4 ---- */

static ssize_t unpack(const char *block, size_t n, size_t room, char *out)
{
	memset(out, 0, 64);
	return lz4_block((const uint8_t *)block, n, (uint8_t *)out, room);
}

TEST(lz4, literals_and_matches)
{
	char out[64];

	CHECK_INT(unpack("\x30" "abc", 4, 64, out), 3);
	CHECK_STR(out, "abc");
	CHECK_INT(unpack("\x31" "abc\x03\x00\x10!", 8, 64, out), 9); /* a match of 5, which overlaps itself */
	CHECK_STR(out, "abcabcab!");
	CHECK_INT(unpack("\x1f" "x\x01\x00\x02\x10!", 7, 64, out), 23); /* 15 + 2 + 4 times */
	CHECK_STR(out, "xxxxxxxxxxxxxxxxxxxxxx!");
	CHECK_INT(unpack("\xf0\x01" "0123456789abcdef", 18, 64, out), 16);
	CHECK_STR(out, "0123456789abcdef");
	CHECK_INT(unpack("\0", 1, 64, out), 0);
}

TEST(lz4, damage)
{
	char out[64];

	CHECK_INT(unpack("", 0, 64, out), -1);
	CHECK_INT(unpack("\x40" "abc", 4, 64, out), -1);	       /* literals missing */
	CHECK_INT(unpack("\xf0\xff", 2, 64, out), -1);		       /* length missing */
	CHECK_INT(unpack("\x30" "abc", 4, 2, out), -1);		       /* no room for literals */
	CHECK_INT(unpack("\x31" "abc\x03\x00\x10!", 8, 7, out), -1);    /* nor for the match */
	CHECK_INT(unpack("\x31" "abc\x04\x00\x10!", 8, 64, out), -1);   /* offset in front of the start */
	CHECK_INT(unpack("\x31" "abc\x00\x00\x10!", 8, 64, out), -1);   /* offset 0 */
	CHECK_INT(unpack("\x31" "abc\x03", 5, 64, out), -1);	       /* half an offset */
	CHECK_INT(unpack("\x31" "abc\x03\x00", 6, 64, out), -1);	       /* ends with a match */
}

/* ---- kernels ---- */

#define TEXT "the kernel's text"

/* An ELF kernel: a segment with zeros at its end, and a note. */
static void make_elf(struct buf *b, const char *note_name, unsigned type, uint16_t machine)
{
	Elf64_Ehdr h = {.e_machine = machine, .e_phoff = sizeof(h), .e_phnum = 2, .e_shoff = 7, .e_shnum = 1};
	Elf64_Phdr load = {.p_type = PT_LOAD, .p_offset = 8192, .p_paddr = 1 << 24, .p_filesz = 600, .p_memsz = 1000};
	Elf64_Phdr note = {.p_type = PT_NOTE, .p_offset = 8192 + 64, .p_filesz = 20, .p_memsz = 20, .p_align = 4};
	uint32_t words[] = {4, 4, type};
	char *at = buf_reserve(b, 10000);

	memset(at, 0, 10000);
	memcpy(h.e_ident, "\x7f" "ELF\2\1\1", 7);
	h.e_phentsize = sizeof(load);
	memcpy(at, &h, sizeof(h));
	memcpy(at + sizeof(h), &load, sizeof(load));
	memcpy(at + sizeof(h) + sizeof(load), &note, sizeof(note));
	memcpy(at + 8192, TEXT, sizeof(TEXT));
	memcpy(at + 8192 + 64, words, sizeof(words));
	memcpy(at + 8192 + 64 + 12, note_name, 4);
	memcpy(at + 8192 + 64 + 16, "\0\0\0\1", 4);
	buf_commit(b, 10000);
}

static void add_le32(struct buf *b, size_t n)
{
	uint8_t bytes[4];

	put_le32(bytes, (uint32_t)n);
	buf_add(b, bytes, sizeof(bytes));
}

/* LZ4 without any match: two blocks, then the size. */
static void pack_lz4(const struct buf *elf, struct buf *out)
{
	size_t half[] = {5000, elf->len - 5000}, at = 0;

	add_le32(out, 0x184c2102);
	for (int k = 0; k < 2; k++) {
		size_t length = half[k] - 15, start = out->len;

		add_le32(out, 0);
		buf_addc(out, '\xf0');
		for (; length >= 255; length -= 255)
			buf_addc(out, '\xff');
		buf_addc(out, (char)length);
		buf_add(out, elf->data + at, half[k]);
		at += half[k];
		length = out->len - start - 4;
		memcpy(out->data + start, (uint8_t[]){length & 255, length >> 8}, 2);
	}
	add_le32(out, elf->len);
}

static void pack_gzip(const struct buf *elf, struct buf *out)
{
	z_stream z = {.next_in = (Bytef *)elf->data, .avail_in = (unsigned)elf->len, .avail_out = 20000};

	CHECK_INT(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = (Bytef *)buf_reserve(out, 20000);
	CHECK_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
	buf_commit(out, z.total_out);
	deflateEnd(&z);
}

/* A bzImage with one sector of setup code and 16 bytes of decompressor. */
static void make_image(const struct buf *payload, struct buf *out)
{
	char *head = buf_reserve(out, 1040);

	memset(head, 0, 1040);
	head[0x1f1] = 1;
	memcpy(head + 0x1fe, "\x55\xaaxxHdrS\x08\x02", 10);
	head[0x248] = 16;
	memcpy(head + 0x24c, (uint8_t[]){payload->len & 255, payload->len >> 8}, 2);
	buf_commit(out, 1040);
	buf_add(out, payload->data, payload->len);
	buf_adds(out, "what follows is no matter");
}

typedef void pack_fn(const struct buf *elf, struct buf *out);

static bool try_elf(const struct buf *elf, pack_fn *pack, struct buf *out)
{
	cleanup_buf struct buf payload = {0}, image = {0};

	pack(elf, &payload);
	make_image(&payload, &image);
	return vmlinux_unpack(image.data, image.len, out);
}

static void check_unpacked(const struct buf *out)
{
	Elf64_Phdr load;
	Elf64_Ehdr h;

	CHECK(out->len > sizeof(h) + sizeof(load) && out->len < 8192 + 600);
	if (out->len < sizeof(h) + sizeof(load))
		return;
	memcpy(&h, out->data, sizeof(h));
	memcpy(&load, out->data + h.e_phoff, sizeof(load));
	CHECK_INT(h.e_phnum, 2);
	CHECK_INT(h.e_shnum + h.e_shoff, 0);
	CHECK_INT(load.p_filesz, 64 + 20); /* up to the last byte of the note that is not zero */
	CHECK_INT(load.p_memsz, 1000);
	CHECK_INT(load.p_paddr, 1 << 24);
	CHECK_STR(out->data + load.p_offset, TEXT);
}

TEST(vmlinux, lz4_and_gzip)
{
	pack_fn *const packs[] = {pack_lz4, pack_gzip};

	for (size_t k = 0; k < ARRAY_SIZE(packs); k++) {
		cleanup_buf struct buf elf = {0}, out = {0};

		make_elf(&elf, "Xen", 18, EM_X86_64);
		CHECK(try_elf(&elf, packs[k], &out));
		check_unpacked(&out);
	}
}

TEST(vmlinux, what_qemu_could_not_boot_is_left_alone)
{
	cleanup_buf struct buf other_note = {0}, other_type = {0}, other_machine = {0}, junk = {0}, out = {0};

	make_elf(&other_note, "GNU", 18, EM_X86_64);
	make_elf(&other_type, "Xen", 17, EM_X86_64);
	make_elf(&other_machine, "Xen", 18, EM_AARCH64);
	memset(buf_reserve(&junk, 10000), 'x', 10000);
	junk.len = 10000;
	CHECK(!try_elf(&other_note, pack_lz4, &out));
	CHECK(!try_elf(&other_type, pack_gzip, &out));
	CHECK(!try_elf(&other_machine, pack_lz4, &out));
	CHECK(!try_elf(&junk, pack_lz4, &out));
}

static void copy(const struct buf *elf, struct buf *out)
{
	buf_add(out, elf->data, elf->len);
}

TEST(vmlinux, other_compressions_are_left_alone)
{
	cleanup_buf struct buf xz = {0}, out = {0};

	buf_adds(&xz, "\xfd" "7zXZ and so on");
	CHECK(!try_elf(&xz, copy, &out));
	CHECK(!vmlinux_unpack("short", 5, &out));
	CHECK_INT(out.len, 0);
}

TEST(vmlinux, cut_anywhere)
{
	pack_fn *const packs[] = {pack_lz4, pack_gzip};

	for (size_t k = 0; k < ARRAY_SIZE(packs); k++) {
		cleanup_buf struct buf elf = {0}, payload = {0}, image = {0};

		make_elf(&elf, "Xen", 18, EM_X86_64);
		packs[k](&elf, &payload);
		make_image(&payload, &image);
		for (size_t n = 0; n < 1040 + payload.len; n += n < 1100 ? 1 : 97) {
			cleanup_free char *exact = xmalloc(n ? n : 1);
			cleanup_buf struct buf out = {0};

			memcpy(exact, image.data, n);
			CHECK(!vmlinux_unpack(exact, n, &out));
		}
	}
}

TEST(vmlinux, a_size_that_lies)
{
	cleanup_buf struct buf elf = {0}, payload = {0}, image = {0}, out = {0};

	make_elf(&elf, "Xen", 18, EM_X86_64);
	pack_lz4(&elf, &payload);
	memset(payload.data + payload.len - 4, 0xff, 4);
	make_image(&payload, &image);
	CHECK(!vmlinux_unpack(image.data, image.len, &out));
	memcpy(image.data + 1040 + payload.len - 4, "\0\0\0\1", 4);
	CHECK(!vmlinux_unpack(image.data, image.len, &out));
}

TEST(vmlinux, drivers_by_name)
{
	static const char text[] = "x\0virtio-pci\0virtio_blk\0erofs_read\0";

	CHECK(vmlinux_has_driver(text, sizeof(text), "virtio_pci"));
	CHECK(vmlinux_has_driver(text, sizeof(text), "virtio_blk"));
	CHECK(!vmlinux_has_driver(text, sizeof(text), "virtio_net"));
	CHECK(!vmlinux_has_driver(text, sizeof(text), "erofs"));
}

/* ---- releases ---- */

/* What kernel_release() says of a vmlinux whose ELF header names @machine; the caller frees it. */
static char *release_for(uint16_t machine, struct err *err)
{
	Elf64_Ehdr h = {.e_ident = ELFMAG, .e_machine = machine};
	char path[] = "/tmp/vmtap-unit-XXXXXX";
	cleanup_fd int fd = mkstemp(path);
	char *release;

	CHECK(fd >= 0 && fd_write_all(fd, &h, sizeof(h)) == 0 && fd_write_all(fd, "Linux version 6.1 ", 18) == 0);
	release = kernel_release(path, err);
	unlink(path);
	return release;
}

TEST(kernel, of_another_processor_is_refused)
{
	cleanup_free char *ours = NULL, *other = NULL;
	struct err err = {0};

	ours = release_for(EM_X86_64, &err);
	CHECK_STR(ours, "6.1");
	other = release_for(EM_AARCH64, &err);
	CHECK(!other);
	CHECK_HAS(err.text, "is not a kernel for x86-64: an ELF file of another processor");
}
