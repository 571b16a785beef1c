/* text.c - making foreign bytes printable, and small string helpers */
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 64 /* letters compared by text_nearest() */

#define REPLACEMENT "\xEF\xBF\xBD"

size_t text_utf8_length(const char *bytes, size_t left)
{
	const uint8_t *p = (const uint8_t *)bytes;
	size_t n;

	if (left == 0)
		return 0;
	n = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
	    (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
		return 0;
	return n;
}

void text_add_utf8(struct buf *out, uint32_t c)
{
	static const uint8_t first[] = {0, 0xC0, 0xE0, 0xF0};
	int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

	buf_addc(out, (char)(first[more] | c >> (6 * more)));
	while (more-- > 0)
		buf_addc(out, (char)(0x80 | (c >> (6 * more) & 0x3F)));
}

bool text_is_printable(const char *bytes, size_t length)
{
	const uint8_t *p = (const uint8_t *)bytes;

	if (length == 1)
		return p[0] >= 0x20 && p[0] != 0x7F;
	if (length == 2)
		return p[0] != 0xC2 || p[1] >= 0xA0; /* C1 controls */
	if (length == 3)
		return memcmp(p, "\xE2\x80\xA8", 3) != 0 && memcmp(p, "\xE2\x80\xA9", 3) != 0 &&
		       memcmp(p, "\xEF\xBF\xBE", 3) != 0 && memcmp(p, "\xEF\xBF\xBF", 3) != 0;
	return true;
}

/* Return: the length of the ANSI escape sequence at @p (ECMA-48), at least 1. */
static size_t escape_length(const uint8_t *p, size_t left)
{
	size_t n = 2;

	if (left < 2)
		return left;
	if (p[1] >= 0x20 && p[1] <= 0x2F) { /* ESC ( B: what tput sgr0 sends */
		while (n < left && p[n] >= 0x20 && p[n] <= 0x2F)
			n++;
		return n < left && p[n] >= 0x30 && p[n] <= 0x7E ? n + 1 : n;
	}
	if (p[1] == '[') {
		while (n < left && p[n] >= 0x20 && p[n] <= 0x3F)
			n++;
		return n < left && p[n] >= 0x40 && p[n] <= 0x7E ? n + 1 : n;
	}
	if (p[1] == ']' || p[1] == 'P' || p[1] == 'X' || p[1] == '^' || p[1] == '_') { /* a string, up to BEL or ST */
		while (n < left && p[n] != 0x07 && p[n] != 0x1B && p[n] != '\n')
			n++;
		return n < left && p[n] == 0x07 ? n + 1 : n;
	}
	return p[1] >= 0x20 && p[1] <= 0x7E ? 2 : 1;
}

void text_clean(struct buf *out, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t len = text_utf8_length(bytes + i, n - i);

		if (bytes[i] == 0x1B) {
			i += escape_length((const uint8_t *)bytes + i, n - i);
		} else if (bytes[i] == '\r') {
			i++;
		} else if (bytes[i] == '\n' || bytes[i] == '\t') {
			buf_addc(out, bytes[i++]);
		} else if (len == 0 || !text_is_printable(bytes + i, len)) {
			buf_adds(out, REPLACEMENT);
			i += len ? len : 1;
		} else {
			buf_add(out, bytes + i, len);
			i += len;
		}
	}
}

bool text_is_command(const char *line, size_t at)
{
	if (line[at] == '[')
		return (at >= 2 && memcmp(line + at - 2, "##", 2) == 0) ||
		       (at >= 5 && strncasecmp(line + at - 5, "##vso", 5) == 0);
	if (line[at] != ':' || at == 0 || line[at - 1] != ':')
		return false;
	return strspn(line, " \t") == at - 1;
}

void text_add_disarmed(struct buf *out, const char *line, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text_is_command(line, i))
			buf_addc(out, ' ');
		buf_addc(out, line[i]);
	}
}

bool text_commands_count(void)
{
	const char *github = getenv("GITHUB_ACTIONS"), *azure = getenv("TF_BUILD");

	return (github && *github) || (azure && *azure);
}

/* How many letters are wrong, missing, too many, or two that are in each other's place; of two words, each cut at WORD_MAX letters. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	size_t na = strnlen(a, WORD_MAX), nb = strnlen(b, WORD_MAX);

	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *free_row = before;

		before = above;
		above = row;
		row = free_row;
		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			const size_t change = above[j - 1] + (a[i - 1] != b[j - 1]);
			const size_t edit = 1 + (above[j] < row[j - 1] ? above[j] : row[j - 1]);

			row[j] = change < edit ? change : edit;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
	}
	return row[nb];
}

const char *text_nearest(const char *word, const char *const *names)
{
	const char *best = NULL;
	const size_t n = strlen(word);
	size_t best_distance = n < 3 ? 0 : n / 4 + 1;

	for (; *names; names++) {
		size_t d = distance(word, *names);

		if (d < best_distance || (d == best_distance && !best)) {
			best = *names;
			best_distance = d;
		}
	}
	return best;
}

size_t text_cut(const char *s, size_t n, size_t max)
{
	if (n <= max)
		return n;
	while (max > 0 && ((unsigned char)s[max] & 0xC0) == 0x80)
		max--;
	return max;
}

bool text_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && strcmp(s + n - m, suffix) == 0;
}

const char *text_tail(const char *text, size_t n, size_t lines, size_t bytes)
{
	const char *end = text + n;
	const char *floor = n > bytes ? end - bytes : text;
	const char *p = end;

	if (lines == 0)
		return end;
	if (p > floor && p[-1] == '\n')
		p--;
	while (p > floor) {
		if (p[-1] == '\n' && --lines == 0)
			break;
		p--;
	}
	return p;
}

bool text_next_line(const char **at, const char **line, size_t *n)
{
	if (!**at)
		return false;
	*line = *at;
	*n = strcspn(*at, "\n");
	*at += *n + ((*at)[*n] == '\n');
	return true;
}

void text_quote_shell(struct buf *out, const char *arg)
{
	buf_addc(out, '\'');
	for (; *arg; arg++) {
		if (*arg == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *arg);
	}
	buf_addc(out, '\'');
}

void text_add_word(struct buf *out, const char *word)
{
	if (*word && !strpbrk(word, " \t\n\"'$*?(){}[];&|<>\\`#~!"))
		buf_adds(out, word);
	else
		text_quote_shell(out, word);
}
