/* bases.c - what the file of a frozen machine is based on: the names, beside it */
#include "state/bases.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "machine/freezing.h"
#include "store/store.h"

#define SUFFIX ".bases"

int bases_keep(const char *image, const struct machine *m, struct err *err)
{
	cleanup_free char *path = xasprintf("%s" SUFFIX, image);
	cleanup_buf struct buf text = {0};
	const char *bases[COMMAND_BASES_MAX], *store = m->world->store;
	size_t n = freezing_bases(m, bases);

	for (size_t i = 0; i < n; i++)
		buf_addf(&text, "%s\n", bases[i] + (text_starts(bases[i], store) ? strlen(store) + 1 : 0));
	return file_write_atomic(path, buf_str(&text), text.len, 0666, err);
}

void bases_remove(const char *image)
{
	cleanup_free char *path = xasprintf("%s" SUFFIX, image);

	unlink(path);
}

int bases_find(const char *store, const char *image, char *bases[COMMAND_BASES_MAX], struct err *err)
{
	cleanup_free char *path = xasprintf("%s" SUFFIX, image);
	cleanup_buf struct buf text = {0};
	const char *at, *line;
	size_t n = 0, length;

	memset(bases, 0, COMMAND_BASES_MAX * sizeof(*bases));
	if (file_read(path, COMMAND_BASES_MAX * (PATH_MAX + 1), &text, err) < 0)
		return -1;
	for (at = buf_str(&text); n < COMMAND_BASES_MAX && text_next_line(&at, &line, &length); n++) {
		bases[n] = xasprintf("%s/%.*s", store, (int)length, line);
		if (store_use(store, bases[n]))
			continue;
		err_set(err, "'%s', which it is based on, is gone from the cache or damaged", bases[n]);
		for (size_t i = 0; i <= n; i++)
			free(steal(bases[i]));
		return -1;
	}
	return 0;
}
