/* fuzz_bundle.c - any bytes as a bundle: opened, read, unpacked; what opens holds what its index says */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/bundle.h"
#include "image/bundle_format.h"

#define FILE_MAX (1 << 20) /* bytes of a file that is read back */
#define HEAD_LEN (sizeof(BUNDLE_HEAD) - 1)

/* The index begins with the last of its heads: its sum is mended, but in inputs of odd length. */
static void mend_end(struct buf *all)
{
	struct sha256 s;
	char hex[SHA256_HEX];
	size_t at, n;

	if (all->len % 2 || all->len < BUNDLE_END_LEN + HEAD_LEN)
		return;
	all->len -= BUNDLE_END_LEN;
	for (at = all->len - HEAD_LEN; at > 0 && memcmp(all->data + at, BUNDLE_HEAD, HEAD_LEN) != 0; at--)
		;
	n = all->len - at;
	sha256_init(&s);
	sha256_add(&s, all->data + at, n);
	sha256_hex(&s, hex);
	buf_addf(all, BUNDLE_END, n, hex);
}

static void use(const struct bundle *b, const char *dir)
{
	struct err err = {0};

	for (size_t i = 0; i < b->count; i++) {
		cleanup_buf struct buf out = {0};

		if (bundle_read(b, b->files[i].path, FILE_MAX, &out, NULL) == 0 && out.len != b->files[i].size)
			abort();
	}
	if (bundle_unpack(b, dir, &err) == 0) {
		if (bundle_check(b, NULL) < 0)
			abort();
	} else if (!err.text[0] || file_exists(dir)) {
		abort(); /* a failure without a word, or half of a folder */
	}
	file_remove_tree(dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	cleanup_fd int in = memfd_create("fuzz", MFD_CLOEXEC);
	cleanup_bundle struct bundle b = {.fd = -1};
	cleanup_buf struct buf all = {0};
	char from[64], to[64];
	struct err err = {0};

	snprintf(from, sizeof(from), "/proc/self/fd/%d", in);
	snprintf(to, sizeof(to), "/tmp/vmtap-fuzz-bundle-%ld", (long)getpid());
	buf_add(&all, data, n);
	mend_end(&all);
	if (fd_write_all(in, all.data, all.len) < 0)
		abort();
	if (bundle_open(&b, from, &err) == 0)
		use(&b, to);
	else if (!err.text[0])
		abort();
	return 0;
}
