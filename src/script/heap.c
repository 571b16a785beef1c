/* heap.c - the memory of a script, which has a limit
 *
 * A loop that allocates must not take the host's memory, nor may its end look
 * like a null pointer of the script's or like a fault of vmtap. RLIMIT_DATA
 * (since Linux 4.7 it counts all private memory that can be written, the
 * stack excepted) stops it; then the limit is raised a little, so that the
 * failure can be told, and the test ends.
 */
#include "script/heap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "script/limits.h"
#include "script/run.h"

#define RESERVE (16ul << 20) /* bytes, to tell the failure with */

static void exhausted(void)
{
	mem_exhausted = NULL; /* if even the reserve is used up */
	limits_raise(RLIMIT_DATA, RESERVE);
	run_fail(NULL, "the script has used up its memory of %d MiB", SCRIPT_MEMORY_MAX >> 20);
	run_stop();
}

static void *checked(void *p)
{
	if (!p)
		exhausted();
	return p;
}

void *heap_malloc(size_t n)
{
	return checked(malloc(n));
}

void *heap_calloc(size_t count, size_t n)
{
	return checked(calloc(count, n));
}

void *heap_realloc(void *p, size_t n)
{
	return checked(realloc(p, n ? n : 1));
}

char *heap_strdup(const char *s)
{
	return checked(strdup(s));
}

char *heap_strndup(const char *s, size_t n)
{
	return checked(strndup(s, n));
}

int heap_vasprintf(char **to, const char *format, va_list args)
{
/* The format is the script's. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	int n = vasprintf(to, format, args);
#pragma GCC diagnostic pop

	if (n < 0 && errno == ENOMEM)
		exhausted();
	return n;
}

int heap_asprintf(char **to, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = heap_vasprintf(to, format, args);
	va_end(args);
	return n;
}

void heap_limit(void)
{
	size_t used = limits_memory().data;

	if (!used)
		return;
	limits_lower(RLIMIT_DATA, used + SCRIPT_MEMORY_MAX);
	mem_exhausted = exhausted;
}
