/* log.c - what vmtap says on stderr */
#include "base/log.h"

#include <stdarg.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/text.h"

int log_level = 1;

/* One write(2) for all lines, so that processes do not mix theirs. */
static __attribute__((format(printf, 1, 0))) void say(const char *fmt, va_list ap)
{
	cleanup_buf struct buf text = {0}, clean = {0}, out = {0};
	bool disarm = text_commands_count();
	const char *at, *line;
	size_t n;

	buf_vaddf(&text, fmt, ap);
	text_clean(&clean, buf_str(&text), text.len);
	for (at = buf_str(&clean); text_next_line(&at, &line, &n);) {
		buf_adds(&out, "# vmtap: ");
		if (disarm)
			text_add_disarmed(&out, line, n);
		else
			buf_add(&out, line, n);
		buf_addc(&out, '\n');
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

void log_debug(const char *fmt, ...)
{
	va_list ap;

	if (log_level < 3)
		return;
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}
