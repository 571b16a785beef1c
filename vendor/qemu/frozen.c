/* frozen.c - what both sides of a frozen machine must agree on */
#include "qemu/osdep.h"

#include <cpuid.h>
#include <elf.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "frozen.h"

extern const char __ehdr_start[]; /* of the linker: the ELF header, which is mapped */

char frozen_scratch[FROZEN_SCRATCH] __attribute__((aligned(FROZEN_PAGE)));
ucontext_t frozen_context;
volatile bool frozen_goes_on;

/* By words, as it is made in every thaw. Any flipped bit changes it; it keeps nobody from forging a file. */
uint64_t frozen_sum(const struct frozen *f)
{
	const uint64_t *p = (const uint64_t *)f;
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < f->table_size / sizeof(*p); i++) {
		if (i != offsetof(struct frozen, sum) / sizeof(*p))
			sum ^= p[i];
		sum *= 0x9e3779b97f4a7c15;
		sum ^= sum >> 32;
	}
	return sum;
}

/* A note: three words, a name and a content, each rounded up to four bytes. */
static bool find_build_id(const char *note, const char *end, uint8_t *out)
{
	while (end - note >= (ptrdiff_t)sizeof(Elf64_Nhdr)) {
		const Elf64_Nhdr *n = (const Elf64_Nhdr *)note;
		const char *name = note + sizeof(*n), *content = name + ROUND_UP(n->n_namesz, 4);

		if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 && memcmp(name, "GNU", 4) == 0 &&
		    n->n_descsz == FROZEN_BINARY) {
			memcpy(out, content, FROZEN_BINARY);
			return true;
		}
		note = content + ROUND_UP(n->n_descsz, 4);
	}
	return false;
}

bool frozen_binary(uint8_t out[FROZEN_BINARY])
{
	const Elf64_Ehdr *e = (const Elf64_Ehdr *)__ehdr_start;
	const Elf64_Phdr *p = (const Elf64_Phdr *)(__ehdr_start + e->e_phoff);

	for (int i = 0; i < e->e_phnum; i++) {
		const char *note = (const char *)(uintptr_t)p[i].p_vaddr;

		if (p[i].p_type == PT_NOTE && find_build_id(note, note + p[i].p_memsz, out))
			return true;
	}
	return false;
}

/* Not what tells processors of one kind apart (stepping, APIC ID, cache sizes). */
void frozen_processor(uint32_t out[FROZEN_CPU_WORDS])
{
	uint32_t a, b, c, d, xcr0 = 0, unused;

	memset(out, 0, FROZEN_CPU_WORDS * sizeof(*out));
	__cpuid(0, out[0], out[1], out[2], out[3]); /* leaves, vendor */
	__cpuid(1, a, b, c, d);
	out[4] = c;
	out[5] = d;
	if (c & bit_OSXSAVE)
		asm volatile("xgetbv" : "=a"(xcr0), "=d"(unused) : "c"(0));
	out[6] = xcr0;
	if (out[0] >= 7) {
		__cpuid_count(7, 0, a, out[7], out[8], out[9]);
		__cpuid_count(7, 1, out[10], out[11], c, out[12]);
	}
	if (out[0] >= 13) {
		__cpuid_count(13, 0, out[13], out[14], out[15], d);
		__cpuid_count(13, 1, out[16], b, c, d);
	}
	__cpuid(0x80000001, a, b, out[17], out[18]);
}

void frozen_kernel(char out[FROZEN_RELEASE])
{
	struct utsname u = {0};

	memset(out, 0, FROZEN_RELEASE);
	uname(&u);
	memcpy(out, u.release, MIN(sizeof(u.release), FROZEN_RELEASE - 1));
}

/* Return: bytes copied, 0 at the end of a file, or -1. */
static ssize_t copy_some(int from, uint64_t at, uint64_t n, int to, uint64_t to_at, char *buffer, size_t size)
{
	loff_t in = (loff_t)at, out = (loff_t)to_at;
	ssize_t got = (ssize_t)syscall(SYS_copy_file_range, from, &in, to, &out, (size_t)n, 0);

	if (got > 0)
		return got;
	/* A kernel or a file system that cannot, or files of two file systems. */
	got = pread(from, buffer, MIN(n, size), (off_t)at);
	return got <= 0 ? got : pwrite(to, buffer, (size_t)got, (off_t)to_at);
}

int frozen_copy(int from, uint64_t at, uint64_t end, int to, uint64_t to_at, char *buffer, size_t size)
{
	const uint64_t shift = to_at - at; /* modulo 2^64 */

	while (at < end) {
		bool hole;
		uint64_t next = frozen_extent(from, at, end, &hole);

		while (!hole && at < next) {
			ssize_t n = copy_some(from, at, next - at, to, at + shift, buffer, size);

			if (n < 0)
				return -1;
			if (n == 0) /* its last page is not whole */
				break;
			at += (uint64_t)n;
		}
		at = next;
	}
	return 0;
}

bool frozen_describe_base(int fd, struct frozen_base *out)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	*out = (struct frozen_base){
		.size = (uint64_t)st.st_size,
		.mtime = (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec,
	};
	return true;
}
