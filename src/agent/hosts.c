/* hosts.c - editing and reading the text of /etc/hosts (pure) */
#include "agent/hosts.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define BLANK " \t\r"

/* Return: the length of the first line without its newline. */
static size_t line_length(const char *p)
{
	return strcspn(p, "\n");
}

static const char *next_line(const char *p)
{
	p += line_length(p);
	return *p ? p + 1 : p;
}

static bool line_is(const char *p, const char *text)
{
	return line_length(p) == strlen(text) && !strncmp(p, text, strlen(text));
}

static bool has_line_for(const char *text, const char *address)
{
	size_t n = strlen(address);

	for (const char *p = text; *p; p = next_line(p)) {
		const char *word = p + strspn(p, BLANK);

		if (!strncmp(word, address, n) && word[n] && strchr(BLANK, word[n]))
			return true;
	}
	return false;
}

static void add_line(struct buf *out, const char *p)
{
	buf_add(out, p, line_length(p));
	buf_addc(out, '\n');
}

void hosts_edit(struct buf *out, const char *text, const char *lines)
{
	bool ours = false;

	if (!has_line_for(text, "127.0.0.1"))
		buf_adds(out, "127.0.0.1 localhost\n");
	for (const char *p = text; *p; p = next_line(p)) {
		bool end = line_is(p, HOSTS_END);

		ours = (ours || line_is(p, HOSTS_BEGIN)) && !end;
		if (!ours && !end)
			add_line(out, p);
	}
	if (!*lines)
		return;
	buf_adds(out, HOSTS_BEGIN "\n");
	for (const char *p = lines; *p; p = next_line(p))
		add_line(out, p);
	buf_adds(out, HOSTS_END "\n");
}

/* Is @name one of the words of the line that follow the address? */
static bool names(const char *line, const char *name)
{
	const char *end = line + strcspn(line, "#\n");
	const char *p = line + strspn(line, BLANK);

	p += strcspn(p, BLANK "#\n");
	while (p < end) {
		size_t n;

		p += strspn(p, BLANK);
		n = strcspn(p, BLANK "#\n");
		if (n == strlen(name) && !strncasecmp(p, name, n))
			return n > 0;
		p += n;
	}
	return false;
}

char *hosts_lookup(const char *text, const char *name)
{
	for (const char *p = text; *p; p = next_line(p)) {
		const char *address = p + strspn(p, BLANK);

		if (names(p, name))
			return xstrndup(address, strcspn(address, BLANK "#\n"));
	}
	return NULL;
}
