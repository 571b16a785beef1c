/* excerpt.c - long texts of any origin as the lines of a report: cleaned, and without the middle */
#include "report/excerpt.h"

#include <string.h>

#include "base/text.h"

static void add_line(struct buf *out, const char *line, size_t n, size_t width, bool disarm)
{
	size_t kept = text_cut(line, n, width);

	if (disarm)
		text_add_disarmed(out, line, kept);
	else
		buf_add(out, line, kept);
	if (kept < n)
		buf_addf(out, " (%zu bytes left out)", n - kept);
}

static size_t count_lines(const char *text)
{
	size_t n = 1;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

bool excerpt_add(struct buf *out, const char *text, const struct excerpt_layout *y, bool disarm)
{
	cleanup_buf struct buf clean = {0};
	const char *p;
	size_t count, lost;

	text_clean(&clean, text, strlen(text));
	while (clean.len && clean.data[clean.len - 1] == '\n')
		clean.data[--clean.len] = '\0';
	if (clean.len == 0)
		return false;
	p = buf_str(&clean);
	count = count_lines(p);
	lost = count > y->head + y->tail ? count - y->head - y->tail : 0;
	for (size_t i = 0; i < count; i++) {
		size_t n = strcspn(p, "\n");

		if (lost && i == y->head)
			buf_addf(out, "%s (%zu lines left out)\n", y->lost, lost);
		if (i < y->head || i >= y->head + lost) {
			buf_adds(out, y->prefix);
			if (n)
				buf_addc(out, ' ');
			add_line(out, p, n, y->width, disarm);
			buf_addc(out, '\n');
		}
		p += n + (p[n] == '\n');
	}
	return true;
}
