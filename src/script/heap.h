/* heap.h - the memory of a script, which has a limit
 *
 * vmtap.h: malloc, calloc, realloc, strdup, strndup, asprintf, vasprintf. As in the C library, but that they never fail:
 * when the memory is used up, the test ends as a failure at the line of the script.
 */
#ifndef SCRIPT_HEAP_H
#define SCRIPT_HEAP_H

#include <stdarg.h>
#include <stddef.h>

void *heap_malloc(size_t n);
void *heap_calloc(size_t count, size_t n);
void *heap_realloc(void *p, size_t n);
char *heap_strdup(const char *s);
char *heap_strndup(const char *s, size_t n);
int heap_asprintf(char **to, const char *format, ...);
int heap_vasprintf(char **to, const char *format, va_list args);

/* Set the limit of this process, SCRIPT_MEMORY_MAX over what it has; also for what vmtap allocates for the script. */
void heap_limit(void);

#endif
