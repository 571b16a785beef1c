/* markup.c - text of any origin between the tags of XML and HTML */
#include "report/markup.h"

#include <string.h>

#include "base/text.h"

void markup_add(struct buf *out, const char *text, const char *also)
{
	cleanup_buf struct buf clean = {0};

	text_clean(&clean, text, strlen(text));
	for (const char *p = buf_str(&clean); *p; p++) {
		if (*p == '&')
			buf_adds(out, "&amp;");
		else if (*p == '<')
			buf_adds(out, "&lt;");
		else if (*p == '>')
			buf_adds(out, "&gt;");
		else if (strchr(also, *p))
			buf_addf(out, "&#%d;", *p);
		else
			buf_addc(out, *p);
	}
}
