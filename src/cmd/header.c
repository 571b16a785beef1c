/* header.c - `vmtap header`: print the dialect's header for editors and checkers */
#include <stdio.h>

#include "cmd/cmd.h"
#include "script/embed.h"

int cmd_header(char **argv)
{
	int status = cmd_parse_nothing("header", argv);
	size_t n;
	const char *text = embed_header(&n);

	if (status >= 0)
		return status;
	fwrite(text, 1, n, stdout);
	return cmd_printed();
}
