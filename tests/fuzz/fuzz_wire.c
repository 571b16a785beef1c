/* fuzz_wire.c - any bytes as frames from a guest, each field read as every type */
#include "fuzz.h"

#include <stdlib.h>

#include "wire/frame.h"

static void read_fields(const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	size_t n;

	while (!r.bad && r.left) {
		switch (r.left % 5) {
		case 0:
			wire_get_u8(&r);
			break;
		case 1:
			wire_get_u32(&r);
			break;
		case 2:
			wire_get_u64(&r);
			break;
		case 3:
			wire_get_bytes(&r, &n);
			break;
		default:
			free(wire_get_str(&r));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	cleanup_buf struct buf in = {0};
	struct frame f;

	buf_add(&in, data, n);
	while (wire_next(&in, &f) == 1) {
		read_fields(&f);
		buf_consume(&in, wire_size(&f));
	}
	return 0;
}
