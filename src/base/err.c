/* err.c - the error object that every fallible function fills */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "base/oldest.h"

int (err_set)(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -1;
}

static void add_files_limit(struct err *err)
{
	size_t used = strlen(err->text);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		snprintf(err->text + used, sizeof(err->text) - used, "; raise the limit on open files (ulimit -n %llu)",
			 (unsigned long long)limit.rlim_cur);
}

/* A container's filter for system calls may say so as well, whatever the kernel. */
static void add_kernel(struct err *err)
{
	size_t used = strlen(err->text);
	struct utsname u;

	if (uname(&u) == 0)
		snprintf(err->text + used, sizeof(err->text) - used,
			 " by this kernel (Linux %s), or by the filter of this container; vmtap needs what Linux "
			 OLDEST_KERNEL " has", u.release);
}

int (err_errno)(struct err *err, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	size_t used;

	if (!err)
		return -1;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(saved));
	if (saved == EMFILE)
		add_files_limit(err);
	if (saved == ENOSYS)
		add_kernel(err);
	errno = saved;
	return -1;
}

int (err_wrap)(struct err *err, const char *fmt, ...)
{
	char old[ERR_TEXT_MAX];
	va_list ap;
	size_t used;

	if (!err)
		return -1;
	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", old);
	return -1;
}

int (err_hint)(struct err *err, const char *fmt, ...)
{
	va_list ap;
	size_t used;

	if (!err)
		return -1;
	used = strlen(err->text);
	if (used + 1 < sizeof(err->text))
		err->text[used++] = '\n';
	va_start(ap, fmt);
	vsnprintf(err->text + used, sizeof(err->text) - used, fmt, ap);
	va_end(ap);
	return -1;
}
