/* buf.h - a growable run of bytes */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

/**
 * struct buf - Bytes that grow at the end and are consumed at the front
 * @data:	The bytes, always followed by a NUL once anything was added;
 *		NULL before that (buf_str() hides the difference)
 * @len:	How many, the NUL not counted
 * @cap:	Allocated size
 *
 * Start with `= {0}` (or `cleanup_buf struct buf b = {0}`), end with
 * buf_free(). Allocation cannot fail (mem.h); code that fills a buffer from a
 * guest or a file checks @len against a named limit first.
 */
struct buf {
	char *data;
	size_t len, cap;
};

void buf_free(struct buf *b);
#define cleanup_buf __attribute__((cleanup(buf_free)))

/* Make room for @n more bytes and the NUL; @len is unchanged. Return: where they go. */
char *buf_reserve(struct buf *b, size_t n);
/* Count @n bytes in that were written where buf_reserve() said, as by read(2). */
void buf_commit(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *data, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Drop the first @n bytes. */
void buf_consume(struct buf *b, size_t n);
/* Drop what is behind the first @n bytes. */
void buf_cut(struct buf *b, size_t n);
/* Forget the content, keep the memory. */
void buf_clear(struct buf *b);
/* Return: the bytes as a C string, "" when empty; owned by @b. */
const char *buf_str(const struct buf *b);
/* Return: the bytes as a C string that the caller owns; @b is empty afterwards. */
char *buf_steal(struct buf *b);

#endif
