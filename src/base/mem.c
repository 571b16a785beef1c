/* mem.c - allocation that cannot fail */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void (*mem_exhausted)(void);

static void *checked(void *p)
{
	if (p)
		return p;
	if (mem_exhausted)
		mem_exhausted();
	fputs("# vmtap: out of memory\n", stderr);
	exit(MEM_EXIT_STATUS);
}

void *xmalloc(size_t n)
{
	return checked(malloc(n ? n : 1));
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t n)
{
	return checked(realloc(p, n ? n : 1));
}

char *xstrdup(const char *s)
{
	return checked(strdup(s));
}

char *xstrndup(const char *s, size_t n)
{
	return checked(strndup(s, n));
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return checked(s);
}
