/* own_malloc.c - the memory of our BusyBox, which becomes a part of it: a small command asks the kernel for none
 *
 * Theory of operation
 *
 * Most commands need a few kilobytes and end. musl's malloc gets them with
 * seven system calls, whose code a copied guest must first translate: an eighth
 * of all that it runs until its first command is answered. Here they are cut
 * from a part of .bss, whose pages cost nothing until they are touched.
 *
 * 1. Sizes are rounded up to classes, four to each power of two. A block stands
 *    behind its size, and when it is free, in its class's list.
 * 2. A block is taken from its list, else cut from the arena, and when that is
 *    used up, from a chunk of CHUNK bytes; what is left of the old one is lost.
 * 3. What is larger than BLOCK_MAX is a mapping of its own, and given back.
 *
 * Not with brk(2): nobody else here uses it, but musl's own malloc would, should
 * some part of it ever be linked. Not for threads: BusyBox has none.
 */
//kbuild:lib-y += own_malloc.o

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define ARENA	  (64u << 10)  /* bytes */
#define CHUNK	  (256u << 10) /* bytes */
#define BLOCK_MAX (32u << 10)  /* bytes, with the header; larger ones are mapped */
#define CLASSES	  40	       /* up to BLOCK_MAX */
#define HEADER	  sizeof(size_t)
#define ALIGN	  16 /* bytes, of what is given out */
#define PAGE	  4096

static char arena[ARENA] __attribute__((aligned(ALIGN)));
static char *next = arena + HEADER, *end = arena + ARENA; /* so that what is behind a header is aligned */
static void *lists[CLASSES];

static size_t *header(void *p)
{
	return (size_t *)p - 1;
}

/* Return: the class of blocks of @size bytes, a multiple of ALIGN. */
static unsigned class_of(size_t size)
{
	unsigned bit;

	if (size <= 4 * ALIGN)
		return (unsigned)(size / ALIGN) - 1;
	bit = 63 - (unsigned)__builtin_clzl(size - 1);
	return 4 * (bit - 5) + (unsigned)((size - 1) >> (bit - 2)) - 4;
}

static size_t class_size(unsigned k)
{
	return k < 4 ? (k + 1) * ALIGN : (size_t)(5 + k % 4) << (k / 4 + 3);
}

static char *map(size_t n)
{
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void *cut(size_t size)
{
	char *p;

	if ((size_t)(end - next) < size) {
		p = map(CHUNK);
		if (!p)
			return NULL;
		next = p + HEADER;
		end = p + CHUNK;
	}
	p = next + HEADER;
	next += size;
	*header(p) = size;
	return p;
}

static void *large(size_t n)
{
	size_t size = (n + ALIGN + PAGE - 1) & -(size_t)PAGE;
	char *p = map(size);

	if (!p)
		return NULL;
	p += ALIGN;
	*header(p) = size;
	return p;
}

/* Not called malloc: the compiler knows of that one that it and memset() are a calloc(). */
static void *take(size_t n)
{
	size_t size = (n + HEADER + ALIGN - 1) & -(size_t)ALIGN;
	unsigned k;
	void *p;

	if (n > PTRDIFF_MAX - 2 * PAGE) {
		errno = ENOMEM;
		return NULL;
	}
	if (size > BLOCK_MAX)
		return large(n);
	k = class_of(size);
	p = lists[k];
	if (!p)
		return cut(class_size(k));
	memcpy(&lists[k], p, sizeof(p));
	return p;
}

void *malloc(size_t n)
{
	return take(n);
}

void free(void *p)
{
	unsigned k;
	int saved;

	if (!p)
		return;
	if (*header(p) > BLOCK_MAX) {
		saved = errno;
		munmap((char *)p - ALIGN, *header(p));
		errno = saved;
		return;
	}
	k = class_of(*header(p));
	memcpy(p, &lists[k], sizeof(p));
	lists[k] = p;
}

void *calloc(size_t count, size_t each)
{
	size_t n;
	void *p;

	if (__builtin_mul_overflow(count, each, &n)) {
		errno = ENOMEM;
		return NULL;
	}
	p = take(n);
	if (p && *header(p) <= BLOCK_MAX) /* a mapping is zeros */
		memset(p, 0, n);
	return p;
}

void *realloc(void *p, size_t n)
{
	size_t has, size = (n + ALIGN + PAGE - 1) & -(size_t)PAGE;
	char *q;

	if (!p)
		return take(n);
	has = *header(p);
	if (has > BLOCK_MAX && n > BLOCK_MAX && n <= PTRDIFF_MAX - 2 * PAGE) {
		q = mremap((char *)p - ALIGN, has, size, MREMAP_MAYMOVE);
		if (q == MAP_FAILED)
			return NULL;
		q += ALIGN;
		*header(q) = size;
		return q;
	}
	if (n <= has - HEADER && n > has / 2)
		return p;
	q = take(n);
	if (!q)
		return NULL;
	memcpy(q, p, n < has - HEADER ? n : has - HEADER);
	free(p);
	return q;
}
