/* markup.c - texts of any origin inside XML and HTML */
#include "report/markup.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* The first three always. */
static const char special[] = "&<>\"\n\t";
static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#10;", "&#9;"};
static_assert(ARRAY_SIZE(entities) == sizeof(special) - 1, "an entity for each");

void markup_add(struct buf *out, const char *text, const char *also)
{
	cleanup_buf struct buf clean = {0};

	text_clean(&clean, text, strlen(text));
	for (const char *p = buf_str(&clean); *p; p++) {
		const char *at = strchr(special, *p);

		if (at && (at < special + 3 || strchr(also, *p)))
			buf_adds(out, entities[at - special]);
		else
			buf_addc(out, *p);
	}
}
