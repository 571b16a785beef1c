/* fuzz_tap.c - any bytes as the TAP of a guest's program; every point has a bounded name */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "report/tap_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct tap_read t;

	tap_read(&t, (const char *)data, n);
	if (t.npoints > TAP_READ_POINTS_MAX || (t.lost && t.npoints < TAP_READ_POINTS_MAX) || t.failed > t.npoints + t.lost)
		abort();
	for (size_t i = 0; i < t.npoints; i++)
		if (!t.points[i].why || strlen(t.points[i].name) > TAP_READ_NAME_MAX + 16 || t.points[i].notes.len > TAP_READ_NOTES_MAX)
			abort();
	tap_read_free(&t);
	return 0;
}
