/* needs.c - what a test cannot do without, as .needs and needs() list it */
#include "script/needs.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define MEMORY_WORD "memory="
#define MEMORY_MAX  (1L << 20) /* MiB; as of a machine */

static const char blanks[] = " \t\n";

bool needs_next(const char **at, char word[NEEDS_WORD_MAX])
{
	const char *p = *at + strspn(*at, blanks);
	size_t n = strcspn(p, ","), length = n;

	if (!*p)
		return false;
	while (length && strchr(blanks, p[length - 1]))
		length--;
	if (length >= NEEDS_WORD_MAX)
		length = NEEDS_WORD_MAX - 1;
	memcpy(word, p, length);
	word[length] = '\0';
	*at = p + n + (p[n] == ',');
	return true;
}

long needs_memory(const char *word)
{
	char *end;
	long mib;

	if (!text_starts(word, MEMORY_WORD))
		return 0;
	mib = strtol(word + strlen(MEMORY_WORD), &end, 10);
	return *end || mib < 1 || mib > MEMORY_MAX ? -1 : mib;
}

char *needs_fault(const char *list)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
	char word[NEEDS_WORD_MAX];
	size_t n = 0;

	for (const char *at = list; needs_next(&at, word); n++) {
		if (needs_memory(word) < 0)
			return xasprintf("says '%s': it must be memory=MiB, 1 to %ld", word, MEMORY_MAX);
		if (needs_memory(word) == 0 && (!*word || word[strspn(word, letters)]))
			return xasprintf("says '%s': it must be kvm, internet, tpm, memory=MiB or the name of a command, with "
					 "commas between them", word);
	}
	return n ? NULL : xstrdup("is empty: it must name what cannot be done without");
}

bool needs_has(const char *list, const char *word)
{
	char own[NEEDS_WORD_MAX];

	for (const char *at = list ? list : ""; needs_next(&at, own);)
		if (strcmp(own, word) == 0)
			return true;
	return false;
}
