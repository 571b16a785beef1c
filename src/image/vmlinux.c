/* vmlinux.c - the kernel proper, out of a bzImage that would unpack itself in the guest
 *
 * Theory of operation
 *
 * A bzImage is a boot loader's work, a small program that decompresses, and an
 * ELF file, compressed. Decompressing 50 MB takes an emulated CPU half a second
 * and the host a seventh, so the host does it, once, and QEMU enters the ELF
 * file's kernel directly, by the PVH protocol (a note in the file says where).
 *
 * 1. The setup header tells where the payload is; its last four bytes are the
 *    size of what is in it.
 * 2. Unpack it into memory, bounded by that size and by VMLINUX_MAX.
 * 3. Write it anew without what nobody loads. QEMU reads the file whenever a
 *    machine starts: Debian's loses 19 of 53 MB (alignment, .bss kept as zeros).
 *
 * Whatever is not as expected (another architecture, another compression, a
 * kernel without CONFIG_PVH) leaves the guest with the bzImage that it had.
 * Kernels packed with xz or zstd would gain more but need their decoders.
 */
#include "image/vmlinux.h"

#include <elf.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/gzip.h"
#include "image/bzimage.h"
#include "image/kernel.h"
#include "image/lz4.h"

#define LZ4_LEGACY     0x184c2102u  /* the frame format that the kernel's build uses */
#define LZ4_BLOCK_MAX  (8u << 20)   /* bytes, unpacked */
#define SEGMENTS_MAX   16	    /* program headers; Linux has 5 */
#define SEGMENT_ALIGN  4096	    /* bytes, of its content in the file */
#define NOTE_PVH_ENTRY 18	    /* XEN_ELFNOTE_PHYS32_ENTRY */
#define NOTE_ALIGN     4	    /* bytes; QEMU would look elsewhere with another alignment */

struct bytes {
	const uint8_t *p;
	size_t n;
};

/* Return: whether @n bytes from @at lie within @b. */
static bool within(struct bytes b, uint64_t at, uint64_t n)
{
	return at <= b.n && n <= b.n - at;
}

/* ---- 1. the payload ---- */

static bool payload_find(struct bytes image, struct bytes *payload)
{
	const uint8_t *p = image.p;
	uint64_t at, length;
	size_t sectors;

	if (!bzimage_is(p, image.n) || get_le16(p + BZIMAGE_PROTOCOL) < BZIMAGE_PROTOCOL_PAYLOAD)
		return false;
	sectors = p[BZIMAGE_SECTORS] ? p[BZIMAGE_SECTORS] : 4;
	at = (sectors + 1) * BZIMAGE_SECTOR + get_le32(p + BZIMAGE_PAYLOAD_OFFSET);
	length = get_le32(p + BZIMAGE_PAYLOAD_LENGTH);
	if (length < 8 || !within(image, at, length))
		return false;
	*payload = (struct bytes){p + at, length};
	return true;
}

/* ---- 2. unpacking ---- */

/* Each block stands behind its size. The kernel's build puts the unpacked size of all where a further block would start. */
static bool unpack_lz4(struct bytes in, size_t size, struct buf *out)
{
	const uint8_t *p = in.p + 4, *end = in.p + in.n - 4;

	while (end - p >= 4 && out->len < size) {
		uint32_t n = get_le32(p);
		size_t room = size - out->len < LZ4_BLOCK_MAX ? size - out->len : LZ4_BLOCK_MAX;
		ssize_t got;

		p += 4;
		if (n > (size_t)(end - p))
			return false;
		got = lz4_block(p, n, (uint8_t *)buf_reserve(out, room), room);
		if (got <= 0)
			return false;
		buf_commit(out, (size_t)got);
		p += n;
	}
	return out->len == size;
}

static bool unpack_gzip(struct bytes in, size_t size, struct buf *out)
{
	const struct buf b = {.data = (char *)in.p, .len = in.n};

	return gzip_inflate("kernel", &b, size, out, NULL) == 0 && out->len == size;
}

static bool unpack(struct bytes in, struct buf *out)
{
	uint32_t size = get_le32(in.p + in.n - 4);

	if (size > VMLINUX_MAX)
		return false;
	if (get_le32(in.p) == LZ4_LEGACY) {
		/* LZ4 makes at most 255 bytes of one: a header that promises more gets no memory. */
		if (size / 255 > in.n)
			return false;
		buf_reserve(out, size);
		return unpack_lz4(in, size, out);
	}
	return gzip_is(in.p, in.n) && unpack_gzip(in, size, out);
}

/* ---- 3. the ELF file ---- */

static uint64_t note_pad(uint64_t n)
{
	return (n + NOTE_ALIGN - 1) & -(uint64_t)NOTE_ALIGN;
}

/* Return: whether the note segment @b has Xen's note with the entry. */
static bool note_find(struct bytes b)
{
	Elf64_Nhdr note;

	for (uint64_t at = 0; within(b, at, sizeof(note));) {
		uint64_t name, data;

		memcpy(&note, b.p + at, sizeof(note));
		name = at + sizeof(note);
		data = name + note_pad(note.n_namesz);
		if (!within(b, name, note.n_namesz) || !within(b, data, note.n_descsz))
			return false;
		if (note.n_type == NOTE_PVH_ENTRY && note.n_namesz == 4 && note.n_descsz >= 4 &&
		    memcmp(b.p + name, "Xen", 4) == 0)
			return true;
		at = data + note_pad(note.n_descsz);
	}
	return false;
}

static bool header_read(struct bytes elf, Elf64_Ehdr *h, Elf64_Phdr *segments)
{
	static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT};

	if (elf.n < sizeof(*h))
		return false;
	memcpy(h, elf.p, sizeof(*h));
	if (memcmp(h->e_ident, ident, sizeof(ident)) != 0 || h->e_machine != KERNEL_MACHINE ||
	    h->e_phentsize != sizeof(*segments) || h->e_phnum > SEGMENTS_MAX ||
	    !within(elf, h->e_phoff, h->e_phnum * sizeof(*segments)))
		return false;
	memcpy(segments, elf.p + h->e_phoff, h->e_phnum * sizeof(*segments));
	return true;
}

/* QEMU clears what a segment has in memory and not in the file. */
static uint64_t without_zeros(const uint8_t *p, uint64_t n)
{
	while (n && p[n - 1] == 0)
		n--;
	return n;
}

/* Append what is at @s to the file, and say so in @s. Return: whether it is within @elf. */
static bool segment_copy(struct bytes elf, Elf64_Phdr *s, struct buf *out)
{
	size_t pad = -out->len % SEGMENT_ALIGN;
	const uint8_t *from;

	if (!within(elf, s->p_offset, s->p_filesz) || s->p_filesz > s->p_memsz)
		return false;
	from = elf.p + s->p_offset;
	if (s->p_type == PT_LOAD)
		s->p_filesz = without_zeros(from, s->p_filesz);
	if (out->len + pad + s->p_filesz > VMLINUX_MAX) /* segments may share bytes of the input, which then are copied several times */
		return false;
	memset(buf_reserve(out, pad), 0, pad);
	buf_commit(out, pad);
	s->p_offset = out->len;
	buf_add(out, from, s->p_filesz);
	return true;
}

static bool elf_copy(struct bytes elf, struct buf *out)
{
	Elf64_Phdr segments[SEGMENTS_MAX], *to = segments;
	const size_t head = sizeof(Elf64_Ehdr) + sizeof(segments);
	bool pvh = false;
	Elf64_Ehdr h;

	if (!header_read(elf, &h, segments))
		return false;
	memset(buf_reserve(out, head), 0, head);
	out->len = head;
	for (const Elf64_Phdr *s = segments; s < segments + h.e_phnum; s++) {
		if (s->p_type != PT_LOAD && s->p_type != PT_NOTE)
			continue;
		*to = *s;
		if (!segment_copy(elf, to, out))
			return false;
		pvh |= s->p_type == PT_NOTE && s->p_align <= NOTE_ALIGN &&
		       note_find((struct bytes){(uint8_t *)out->data + to->p_offset, to->p_filesz});
		to++;
	}
	h.e_phoff = sizeof(h);
	h.e_phnum = (Elf64_Half)(to - segments);
	h.e_shoff = 0;
	h.e_shnum = h.e_shstrndx = h.e_shentsize = 0;
	memcpy(out->data, &h, sizeof(h));
	memcpy(out->data + sizeof(h), segments, h.e_phnum * sizeof(*segments));
	return pvh;
}

bool vmlinux_unpack(const void *image, size_t n, struct buf *out)
{
	cleanup_buf struct buf elf = {0};
	struct bytes payload;

	return payload_find((struct bytes){image, n}, &payload) && unpack(payload, &elf) &&
	       elf_copy((struct bytes){(const uint8_t *)buf_str(&elf), elf.len}, out);
}

bool vmlinux_has_driver(const void *elf, size_t n, const char *name)
{
	cleanup_free char *dashed = xstrdup(name);
	size_t len = strlen(name) + 1; /* to the end of a string */

	for (char *p = dashed; *p; p++)
		if (*p == '_')
			*p = '-'; /* virtio_pci.c says "virtio-pci" */
	return memmem(elf, n, name, len) || memmem(elf, n, dashed, len);
}
