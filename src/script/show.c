/* show.c - the value of an expression, as a person at a prompt sees it */
#include "script/show.h"

#include <string.h>

#include "base/text.h"
#include "script/types.h"

#define SHOWN_MAX 1000000 /* bytes of one text that are shown */

void show_bytes(struct buf *out, const char *bytes, size_t n)
{
	const size_t shown = n > SHOWN_MAX ? SHOWN_MAX : n;

	for (size_t i = 0; i < shown;) {
		size_t length = text_utf8_length(bytes + i, shown - i);

		if (bytes[i] == '\n' || bytes[i] == '\t')
			buf_addc(out, bytes[i]);
		else if (length && text_is_printable(bytes + i, length))
			buf_add(out, bytes + i, length);
		else
			buf_addf(out, "\\x%02x", (unsigned char)bytes[length = 0, i]);
		i += length ? length : 1;
	}
	if (n > shown)
		buf_addf(out, "\n... and %zu bytes more", n - shown);
}

#define SHOW(name, type, format)                               \
	void show_##name(struct buf *out, const void *value)   \
	{                                                      \
		buf_addf(out, format "\n", *(const type *)value); \
	}
#include "script/show.def"
#undef SHOW

void show_bool(struct buf *out, const void *value)
{
	buf_adds(out, *(const bool *)value ? "true\n" : "false\n");
}

void show_text(struct buf *out, const void *value)
{
	const char *text = *(const char *const *)value;

	if (text)
		show_bytes(out, text, strlen(text));
	if (!text || *text)
		buf_adds(out, text ? "\n" : "NULL\n");
}

void show_pointer(struct buf *out, const void *value)
{
	const void *p = *(void *const *)value;

	if (p)
		buf_addf(out, "%p\n", p);
	else
		buf_adds(out, "NULL\n");
}

static void show_stream(struct buf *out, const char *name, const char *bytes, size_t n)
{
	while (n && bytes[n - 1] == '\n')
		n--;
	if (!n)
		return;
	buf_addf(out, "%s: ", name);
	show_bytes(out, bytes, n);
	buf_addc(out, '\n');
}

void show_result(struct buf *out, const void *value)
{
	const struct result *r = value;

	if (r->timed_out)
		buf_adds(out, "timed out");
	else if (r->signal)
		buf_addf(out, "signal %d (%s)", r->signal, strsignal(r->signal));
	else
		buf_addf(out, "exit status %d", r->status);
	buf_addf(out, ", %.3f s\n", r->seconds);
	show_stream(out, "out", r->out, r->out_len);
	show_stream(out, "err", r->err, r->err_len);
}
