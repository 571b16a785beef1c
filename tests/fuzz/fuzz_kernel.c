/* fuzz_kernel.c - any bytes as a bzImage, as the payload of a good one, and as one LZ4 block */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/lz4.h"
#include "image/vmlinux.h"

#define BLOCK_MAX (1 << 20) /* bytes, unpacked */
#define HEAD	  1024	    /* bytes in front of a payload: boot sector and one of setup code */

/* What was made must be an ELF file by our own measure. */
static void unpack(const uint8_t *image, size_t n)
{
	cleanup_buf struct buf out = {0};

	if (vmlinux_unpack(image, n, &out) && (out.len < 64 || memcmp(out.data, "\x7f" "ELF", 4) != 0))
		abort();
}

/* Few mutations get past the setup header: give the bytes a good one. */
static void unpack_payload(const uint8_t *payload, size_t n)
{
	cleanup_free uint8_t *image = xcalloc(1, HEAD + n);
	uint32_t length = (uint32_t)n;

	image[0x1f1] = 1;
	memcpy(image + 0x1fe, "\x55\xaaxxHdrS\x08\x02", 10);
	memcpy(image + 0x24c, &length, sizeof(length));
	memcpy(image + HEAD, payload, n);
	unpack(image, HEAD + n);
}

static void decompress(const uint8_t *block, size_t n)
{
	cleanup_free uint8_t *out = xmalloc(BLOCK_MAX);
	size_t room = n < 3 ? n : n < 64 ? 100 : BLOCK_MAX;
	ssize_t got = lz4_block(block, n, out, room);

	if (got > (ssize_t)room)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	unpack(data, n);
	unpack_payload(data, n);
	decompress(data, n);
	return 0;
}
