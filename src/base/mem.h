/* mem.h - allocation that cannot fail, and cleanup attributes */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MEM_EXIT_STATUS 3 /* what a process without memory exits with; vmtap's status for the infrastructure */

/*
 * These never return NULL: a machine without a few kilobytes left cannot run
 * a test, so the process says so and exits with MEM_EXIT_STATUS. Anything whose
 * size a guest or a file decides is bounded before it gets here.
 */
/* Called when memory is used up, before the process ends; it may end it in a better way. NULL: nothing is called. */
extern void (*mem_exhausted)(void);

void *xmalloc(size_t n);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static inline void mem_cleanup_free(void *p)
{
	free(*(void **)p);
}

/* The variable's pointer is freed when it leaves scope. */
#define cleanup_free __attribute__((cleanup(mem_cleanup_free)))

/* Take a pointer out of a cleanup_free variable: the caller now owns it. */
#define steal(p)                          \
	__extension__({                   \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;               \
		taken_;                   \
	})

#endif
