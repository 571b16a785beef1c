/* log.c - what vmtap says on stderr */
#include "base/log.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"

int log_level = 1;

/* One write(2) for all lines, so that processes do not mix theirs. */
static __attribute__((format(printf, 1, 0))) void say(const char *fmt, va_list ap)
{
	cleanup_buf struct buf text = {0}, out = {0};
	const char *p;

	buf_vaddf(&text, fmt, ap);
	for (p = buf_str(&text); *p;) {
		size_t n = strcspn(p, "\n");

		buf_adds(&out, "# vmtap: ");
		buf_add(&out, p, n);
		buf_addc(&out, '\n');
		p += n + (p[n] == '\n');
	}
	(void)fd_write_all(STDERR_FILENO, buf_str(&out), out.len);
}

void log_line(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void log_verbose(const char *fmt, ...)
{
	va_list ap;

	if (log_level < 2)
		return;
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}
