/* header.c - `vmtap header`: the dialect's header for editors and checkers, and what clangd wants beside it */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "script/embed.h"

#define OTHERS_MAX (1 << 20) /* bytes of a file that is in the way */

struct header_options {
	int clangd;
};

const struct option cmd_header_options[] = {
	{"clangd", 0, OPTION_FLAG, NULL, offsetof(struct header_options, clangd), "write it and clangd's settings into a folder"},
	{0},
};

/* clangd(1): flags, a line each, for all files of the folder and those below; paths are the folder's. */
static const char flags[] = "-xc\n-std=gnu11\n-include\nvmtap.h\n";

/* A first line "#!/usr/bin/env vmtap" is no C. */
static const char settings[] = "Diagnostics:\n  Suppress: [pp_invalid_directive]\n";

/* Write a file into @dir. One that is there is replaced only when it begins like ours, or left when it is the same. */
static int write_one(const char *dir, const char *name, const char *text, size_t n, size_t ours, struct err *err)
{
	cleanup_free char *path = path_join(dir, name);
	cleanup_buf struct buf there = {0};

	if (file_exists(path)) {
		if (file_read(path, OTHERS_MAX, &there, err) < 0)
			return -1;
		if (there.len == n && memcmp(there.data, text, n) == 0)
			return 0;
		if (there.len < ours || memcmp(there.data, text, ours) != 0) {
			err_set(err, "'%s' is there and says something else: it is not replaced", path);
			return err_hint(err, "add to it:\n%.*s", ours < n ? 0 : (int)n, text);
		}
	}
	if (file_write_atomic(path, text, n, 0666, err) < 0)
		return -1;
	printf("%s\n", path);
	return 0;
}

static int write_all(const char *dir, struct err *err)
{
	size_t n;
	const char *text = embed_header(&n);

	/* Ours by its first line: another version of it is replaced. */
	if (write_one(dir, "vmtap.h", text, n, strcspn(text, "\n"), err) < 0)
		return -1;
	if (write_one(dir, "compile_flags.txt", flags, strlen(flags), strlen(flags), err) < 0)
		return -1;
	return write_one(dir, ".clangd", settings, strlen(settings), strlen(settings), err);
}

int cmd_header(char **argv)
{
	struct header_options o = {0};
	struct err err = {0};
	int n, status = cmd_parse("header", cmd_header_options, &o, argv, &n);
	size_t size;
	const char *text;

	if (status >= 0)
		return status;
	if (n > (o.clangd != 0))
		return cmd_wrong_operand("header", argv[o.clangd ? 1 : 0]);
	if (o.clangd)
		return write_all(n ? argv[0] : ".", &err) < 0 ? cmd_wrong("header", err.text) : EXIT_PASSED;
	text = embed_header(&size);
	fwrite(text, 1, size, stdout);
	return EXIT_PASSED;
}
