/* err.h - the error object that every fallible function fills */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

#define ERR_TEXT_MAX 2048 /* bytes; longer messages are cut */

/**
 * struct err - Why a call failed, in words for the user
 * @none:	Nothing. With an array as the first member, `= {0}` would be a copy of as
 *		many zeros, which the compiler puts into the binary once a file
 * @text:	What failed first, subject in single quotes, no full stop;
 *		lines after the first are hints ("try ...")
 *
 * Declare it with `= {0}`. A function that takes one returns 0 or -1 (or NULL)
 * and leaves it untouched on success. Context is added on the way up with
 * err_wrap(). A NULL pointer is allowed everywhere: the text is then lost.
 */
struct err {
	char none;
	char text[ERR_TEXT_MAX];
};

/**
 * err_set() - Record an error
 * @err:	Where to, or NULL
 * @fmt:	printf format of the message
 *
 * Return: -1 always, so that a caller can `return err_set(...)`
 */
int err_set(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * err_errno() - Record an error followed by ": " and the text of errno
 *
 * "Too many open files" is followed by the process's limit and how to raise it:
 * it may meet any call that makes a descriptor. "Function not implemented" is
 * followed by the kernel's release and the oldest that will do.
 *
 * Return: -1 always; errno is kept
 */
int err_errno(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * err_wrap() - Put context and ": " in front of the recorded message
 *
 * Return: -1 always
 */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * err_hint() - Add a line that tells what to try next
 *
 * Return: -1 always
 */
int err_hint(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Compilers do not see into err.c: let them know the result, for what they conclude about values set on success only. */
static inline int err_result(void)
{
	return -1;
}
#define err_set(...)   (err_set(__VA_ARGS__), err_result())
#define err_errno(...) (err_errno(__VA_ARGS__), err_result())
#define err_wrap(...)  (err_wrap(__VA_ARGS__), err_result())
#define err_hint(...)  (err_hint(__VA_ARGS__), err_result())

#endif
