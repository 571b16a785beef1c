/* cmdline.c - the kernel's command line (pure) */
#include "agent/cmdline.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define BLANK " \t\r\n"

/* Read one word into @word without its quotes. Return: what follows it. */
static const char *read_word(const char *p, struct buf *word)
{
	bool quoted = false;

	buf_clear(word);
	for (; *p && (quoted || !strchr(BLANK, *p)); p++) {
		if (*p == '"')
			quoted = !quoted;
		else
			buf_addc(word, *p);
	}
	return p + strspn(p, BLANK);
}

char *cmdline_get(const char *cmdline, const char *key)
{
	cleanup_buf struct buf word = {0};
	const char *p = cmdline + strspn(cmdline, BLANK);
	size_t n = strlen(key);
	char *value = NULL;

	while (*p) {
		p = read_word(p, &word);
		if (!strcmp(buf_str(&word), "--"))
			break;
		if (strncmp(buf_str(&word), key, n) || buf_str(&word)[n] != '=')
			continue;
		free(value);
		value = xstrdup(buf_str(&word) + n + 1);
	}
	return value;
}
