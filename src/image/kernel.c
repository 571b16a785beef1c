/* kernel.c - what a kernel file says of itself */
#include "image/kernel.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/bzimage.h"
#include "image/source.h"

#define HEAD_SIZE   0x8000 /* bytes that can hold the setup code and its version text */
#define SCAN_CHUNK  (1 << 20)
#define BANNER	    "Linux version "

/* Return: the word at @p as a release, or NULL when it is not one. */
static char *release_at(const char *p, size_t n)
{
	size_t len = 0;

	while (len < n && len < RELEASE_MAX && p[len] > ' ' && p[len] <= '~')
		len++;
	if (len == 0 || len == n || len == RELEASE_MAX || p[0] < '0' || p[0] > '9')
		return NULL;
	return xstrndup(p, len);
}

static char *release_setup(const uint8_t *head, size_t n)
{
	size_t at;

	if (!bzimage_is(head, n))
		return NULL;
	at = head[BZIMAGE_VERSION] + 256u * head[BZIMAGE_VERSION + 1] + BZIMAGE_VERSION_BASE;
	return at < n ? release_at((const char *)head + at, n - at) : NULL;
}

/* Return: whether an ELF file's head is one of another processor. */
static bool is_foreign(const uint8_t *head, size_t n)
{
	Elf64_Ehdr h;

	if (n < sizeof(h))
		return false;
	memcpy(&h, head, sizeof(h));
	return h.e_machine != KERNEL_MACHINE;
}

/* An uncompressed kernel has its banner in the read-only data. */
static char *release_elf(const char *path)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	cleanup_free char *chunk = xmalloc(SCAN_CHUNK);
	const size_t keep = sizeof(BANNER) + RELEASE_MAX;
	size_t have = 0;
	ssize_t n;

	while (fd >= 0 && (n = fd_read_full(fd, chunk + have, SCAN_CHUNK - have)) > 0) {
		char *p = chunk, *end = chunk + have + n, *release;

		while ((p = memmem(p, (size_t)(end - p), BANNER, sizeof(BANNER) - 1))) {
			p += sizeof(BANNER) - 1;
			release = release_at(p, (size_t)(end - p));
			if (release)
				return release;
		}
		have = (size_t)(end - chunk) < keep ? (size_t)(end - chunk) : keep;
		memmove(chunk, end - have, have);
	}
	return NULL;
}

char *kernel_release(const char *path, struct err *err)
{
	uint8_t head[HEAD_SIZE];
	char *release;
	ssize_t n = source_head(path, head, sizeof(head), err);

	if (n < 0) {
		err_wrap(err, "cannot use the kernel");
		return NULL;
	}
	if (n > 4 && memcmp(head, ELFMAG, SELFMAG) == 0 && is_foreign(head, (size_t)n)) {
		release = NULL;
		err_set(err, "'%s' is not a kernel for " KERNEL_MACHINE_NAME ": an ELF file of another processor", path);
	} else if (n > 4 && memcmp(head, ELFMAG, SELFMAG) == 0) {
		release = release_elf(path);
		if (!release)
			err_set(err, "'%s' is not a Linux kernel: an ELF file without \"" BANNER "\"", path);
	} else {
		release = release_setup(head, (size_t)n);
		if (!release)
			err_set(err, "'%s' is not a Linux kernel: neither a bzImage nor an ELF vmlinux", path);
	}
	if (!release)
		err_hint(err, "give the vmlinuz of a distribution, or " KERNEL_BUILT " or vmlinux of a build");
	return release;
}
