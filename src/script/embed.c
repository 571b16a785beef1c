/* embed.c - the files that tcc may open, all in memory */
#include "script/embed.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/gzip.h"
#include "base/mem.h"
#include "script/script.h"

/*
 * The assembler reads the file itself, so there is no generated C and no copy;
 * the build names the folders with -Wa,-I (its include path).
 */
#define EMBED(symbol, file)                        \
	__asm__(".section .rodata\n"               \
		".balign 8\n"                      \
		".global embed_" #symbol "\n"      \
		"embed_" #symbol ":\n"             \
		".incbin \"" file "\"\n"           \
		".global embed_" #symbol "_end\n"  \
		"embed_" #symbol "_end:\n"         \
		".byte 0\n"                        \
		".previous\n");                    \
	extern const char embed_##symbol[], embed_##symbol##_end[]

EMBED(vmtap_h, "vmtap.h.gz"); /* it is half of them all */
EMBED(types_h, "script/types.h");
EMBED(float_h, "include/float.h");
EMBED(stdalign_h, "include/stdalign.h");
EMBED(stdarg_h, "include/stdarg.h");
EMBED(stdbool_h, "include/stdbool.h");
EMBED(stddef_h, "include/stddef.h");
EMBED(stdnoreturn_h, "include/stdnoreturn.h");
EMBED(libtcc1_a, "lib/libtcc1.a");

#define HEADER_MAX (1 << 20) /* bytes of vmtap.h */

struct embedded {
	const char *path, *start, *end;
};

#define EMBEDDED(path, symbol) {EMBED_ROOT path, embed_##symbol, embed_##symbol##_end}

static const struct embedded linked_in[] = {
	EMBEDDED("/include/vmtap-types.h", types_h), /* for thunks.c */
	EMBEDDED("/include/float.h", float_h),
	EMBEDDED("/include/stdalign.h", stdalign_h),
	EMBEDDED("/include/stdarg.h", stdarg_h),
	EMBEDDED("/include/stdbool.h", stdbool_h),
	EMBEDDED("/include/stddef.h", stddef_h),
	EMBEDDED("/include/stdnoreturn.h", stdnoreturn_h),
	EMBEDDED("/libtcc1.a", libtcc1_a),
};

/* Headers that a script may name for the sake of an editor: vmtap.h has declared what there is of them. */
static const char *const declared[] = {
	"ctype.h", "errno.h", "inttypes.h", "limits.h", "math.h",   "signal.h",	   "stdint.h",
	"stdio.h", "stdlib.h", "string.h",  "strings.h", "time.h", "sys/types.h",
};

/* tcc links every program with libc; ours is the table in libc.c. */
static const char empty_archive[] = "!<arch>\n";

static struct embedded added[SCRIPT_FILES_MAX];
static size_t added_count;

int embed_add(const char *path, const char *text, size_t n)
{
	if (added_count == ARRAY_SIZE(added))
		return -1;
	added[added_count++] = (struct embedded){xstrdup(path), text, text + n};
	return 0;
}

void embed_clear(void)
{
	while (added_count)
		free((void *)added[--added_count].path);
}

const char *embed_header(size_t *n)
{
	static struct buf text;
	const struct buf packed = {.data = (char *)(uintptr_t)embed_vmtap_h,
				   .len = (size_t)((uintptr_t)embed_vmtap_h_end - (uintptr_t)embed_vmtap_h)};

	if (!text.len && gzip_inflate("vmtap.h", &packed, HEADER_MAX, &text, NULL) < 0)
		abort(); /* the build packed it */
	*n = text.len;
	return text.data;
}

static const struct embedded *find(const struct embedded *table, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i].path, path) == 0)
			return &table[i];
	return NULL;
}

static const struct embedded *find_stand_in(const char *path)
{
	static const struct embedded nothing = {"", "", ""};
	static const struct embedded archive = {"", empty_archive, empty_archive + sizeof(empty_archive) - 1};
	static const char include[] = EMBED_ROOT "/include/";

	if (strcmp(path, EMBED_ROOT "/libc.a") == 0)
		return &archive;
	if (strncmp(path, include, sizeof(include) - 1) != 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(declared); i++)
		if (strcmp(path + sizeof(include) - 1, declared[i]) == 0)
			return &nothing;
	return NULL;
}

int embed_check(struct err *err)
{
	cleanup_fd int fd = fd_memory("vmtap-script");

	if (fd >= 0)
		return 0;
	err_errno(err, "cannot keep a file in memory for the compiler");
	return errno == EMFILE ? -1 : err_hint(err, "before Linux 3.17 it is a file in $TMPDIR or /tmp: set TMPDIR to a folder "
						    "that can be written");
}

static const struct embedded *find_header(const char *path)
{
	static struct embedded header;
	size_t n;

	if (strcmp(path, EMBED_ROOT "/include/vmtap.h") != 0)
		return NULL;
	header.start = embed_header(&n);
	header.end = header.start + n;
	return &header;
}

/* tcc reads, seeks and closes what it opened with the system's own calls: it needs a real descriptor. */
int embed_open(const char *path, int flags, ...)
{
	const struct embedded *e = find(added, added_count, path);
	int fd;

	(void)flags;
	if (!e)
		e = find_header(path);
	if (!e)
		e = find(linked_in, ARRAY_SIZE(linked_in), path);
	if (!e)
		e = find_stand_in(path);
	if (!e) {
		errno = ENOENT;
		return -1;
	}
	fd = fd_memory("vmtap-script");
	if (fd < 0)
		return -1;
	if (fd_pwrite_all(fd, e->start, (size_t)(e->end - e->start), 0) < 0)
		fd_close(&fd);
	return fd;
}
