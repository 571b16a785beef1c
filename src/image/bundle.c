/* bundle.c - one file with everything: opening it, and its index
 *
 * Theory of operation
 *
 * A bundle is run on machines that have nothing, and gets there by downloads that
 * break off, through caches and over disks that flip bits. What must never happen
 * is that a part of one runs as if it were whole. So the program is told, when a
 * bundle is made, how long its file is (the mark): one stat(2) at each start then
 * finds what was cut off or added. The index is found by the mark and by the last
 * line, which must agree; its sum is that line's, and every other byte of the
 * file is in one of the index's sums, with no gap: offsets must follow each other.
 *
 * What cannot be found out from inside is a file that ends within the program:
 * the kernel then ends the process when it touches the first page that is not
 * there. That is the first 0.7 MB.
 *
 * Rejected: a zip archive or an EROFS image behind the program (a reader for what
 * tools can do, which nobody needs: `vmtap bundle unpack` is at hand); running
 * QEMU from a memory file (memfd_create(2), fexecve(3)), which would need neither
 * a cache nor a right to execute there: QEMU finds its firmware beside its own
 * file, 10 MB would be inflated and held by each run instead of once, saved
 * machines are bound to the file of their QEMU, and hosts can forbid it, too
 * (vm.memfd_noexec). The kernel, the images and all that is saved need a cache
 * folder in any case.
 */
#include "image/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/bundle_format.h"
#include "store/entry.h"

#define SELF	 "/proc/self/exe"
#define FIELDS	 7
#define CRC_LEN	 8
#define WINDOW	 65536 /* bytes a read(2) */
#define PATH_LEN 4096  /* bytes of our own path */

/* volatile: the compiler must not take the zeros for what they are. */
static const volatile struct bundle_mark mark = {.magic = BUNDLE_MARK_MAGIC};

const struct bundle_mark *bundle_mark(void)
{
	return (const struct bundle_mark *)(uintptr_t)&mark;
}

struct bundle_mark *bundle_mark_find(void *program, size_t n)
{
	struct bundle_mark *found = memmem(program, n, bundle_mark()->magic, sizeof(mark.magic));
	char *end = (char *)program + n, *next;

	if (!found || end - (char *)found < (ptrdiff_t)sizeof(*found))
		return NULL;
	next = (char *)(found + 1);
	return memmem(next, (size_t)(end - next), bundle_mark()->magic, sizeof(mark.magic)) ? NULL : found;
}

/* ---- what is wrong ---- */

static int download_again(struct err *err)
{
	return err_hint(err, "download it again, and compare its SHA-256 sum with the one that was published");
}

int bundle_altered(const struct bundle *b, struct err *err, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(err, "'%s' was altered: %s", b->path, text);
	return download_again(err);
}

int bundle_read_at(const struct bundle *b, uint64_t offset, void *data, size_t n, struct err *err)
{
	unsigned long long at = offset, end = offset + n;

	while (at < end) {
		ssize_t r = pread(b->fd, (char *)data + (at - offset), (size_t)(end - at), (off_t)at);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_errno(err, "cannot read '%s'", b->path);
		if (r == 0)
			return bundle_altered(b, err, "it ends at byte %llu", at);
		at += (size_t)r;
	}
	return 0;
}

/* ---- the index ---- */

static bool parse_number(const char *text, uint64_t most, uint64_t *out)
{
	size_t n = strlen(text);

	if (n == 0 || n > 18 || strspn(text, "0123456789") != n || (n > 1 && text[0] == '0'))
		return false;
	*out = strtoull(text, NULL, 10);
	return *out <= most;
}

static bool parse_crc(const char *text, uint32_t *out)
{
	if (strlen(text) != CRC_LEN || strspn(text, "0123456789abcdef") != CRC_LEN)
		return false;
	*out = (uint32_t)strtoul(text, NULL, 16);
	return true;
}

/* @line: cut into its fields. */
static bool parse_line(char *line, struct bundle_file *f)
{
	char *field[FIELDS], *rest = line;
	uint64_t mode;

	for (size_t i = 0; i < FIELDS; i++)
		field[i] = strsep(&rest, " ");
	if (rest || !field[FIELDS - 1])
		return false;
	if (!store_is_path(field[0]) || !parse_number(field[1], 755, &mode) || (mode != 755 && mode != 644) ||
	    !parse_number(field[2], BUNDLE_BYTES_MAX, &f->size) ||
	    !parse_number(field[3], BUNDLE_BYTES_MAX, &f->packed) ||
	    !parse_number(field[4], BUNDLE_BYTES_MAX, &f->offset) || !store_is_key(field[5]) ||
	    !parse_crc(field[6], &f->crc))
		return false;
	f->mode = mode == 755 ? 0755 : 0644;
	memcpy(f->sum, field[5], SHA256_HEX);
	f->path = xstrdup(field[0]);
	return true;
}

/* What a line must be after those before it. @at: where the file's stream must begin. */
static bool follows(const struct bundle *b, const struct bundle_file *f, uint64_t at)
{
	bool program = strcmp(f->path, BUNDLE_PROGRAM) == 0;

	if (f->offset != at || b->count == BUNDLE_FILES_MAX)
		return false;
	if (b->count == 0)
		return program && f->size == f->packed;
	return !program && !text_starts(f->path, BUNDLE_PROGRAM "/") &&
	       (b->count == 1 || strcmp(b->files[b->count - 1].path, f->path) < 0);
}

/* Return: whether the text is an index whose files fill the bundle up to @end. */
static bool parse_index(struct bundle *b, char *text, size_t n, uint64_t end)
{
	uint64_t at = 0, total = 0;
	char *rest = text + strlen(BUNDLE_HEAD), *line;

	if (!text_starts(text, BUNDLE_HEAD) || text[n - 1] != '\n' || memchr(text, '\0', n))
		return false;
	text[n - 1] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		struct bundle_file f = {.path = NULL};
		bool good = parse_line(line, &f) && follows(b, &f, at);

		if (!good) {
			free(f.path);
			return false;
		}
		b->files = xrealloc(b->files, (b->count + 1) * sizeof(f));
		b->files[b->count++] = f;
		at += f.packed;
		total += f.size;
	}
	return at == end && total <= BUNDLE_BYTES_MAX;
}

/* The last line. Return: the index's length, or 0. */
static size_t parse_end(const char end[BUNDLE_END_LEN], char key[SHA256_HEX])
{
	char again[128], hex[SHA256_HEX];
	unsigned int n = 0;

	if (sscanf(end, "vmtap-index %8u %64[0-9a-f]", &n, hex) != 2)
		return 0;
	snprintf(again, sizeof(again), BUNDLE_END, (size_t)n, hex);
	if (strlen(again) != BUNDLE_END_LEN || memcmp(again, end, BUNDLE_END_LEN) != 0)
		return 0;
	memcpy(key, hex, SHA256_HEX);
	return n;
}

static int read_index(struct bundle *b, struct err *err)
{
	char end[BUNDLE_END_LEN + 1] = "", sum[SHA256_HEX];
	cleanup_free char *text = NULL;
	struct sha256 s;
	uint64_t start;
	size_t n;

	if (b->bytes > BUNDLE_END_LEN && bundle_read_at(b, b->bytes - BUNDLE_END_LEN, end, BUNDLE_END_LEN, err) < 0)
		return -1;
	n = parse_end(end, b->key);
	if (n < strlen(BUNDLE_HEAD) || n > BUNDLE_INDEX_MAX || n + BUNDLE_END_LEN > b->bytes)
		return bundle_altered(b, err, "its last line is not a bundle's");
	text = xcalloc(1, n + 1);
	start = b->bytes - BUNDLE_END_LEN - n;
	if (bundle_read_at(b, start, text, n, err) < 0)
		return -1;
	sha256_init(&s);
	sha256_add(&s, text, n);
	sha256_hex(&s, sum);
	if (strcmp(sum, b->key) != 0)
		return bundle_altered(b, err, "the sum of its index is not the one in its last line");
	if (!parse_index(b, text, n, start))
		return bundle_altered(b, err, "its index is not one that this vmtap writes");
	return 0;
}

static int check_program(const struct bundle *b, struct err *err)
{
	const struct bundle_file *f = &b->files[0];
	uint32_t crc = CRC32C_INIT;
	uint8_t window[WINDOW];

	for (uint64_t at = 0; at < f->size; at += WINDOW) {
		size_t n = f->size - at < WINDOW ? (size_t)(f->size - at) : WINDOW;

		if (bundle_read_at(b, at, window, n, err) < 0)
			return -1;
		crc = crc32c(crc, window, n);
	}
	return crc == f->crc ? 0 : bundle_altered(b, err, "its program has another sum");
}

/* ---- opening ---- */

static int open_file(struct bundle *b, const char *file, const char *name, struct err *err)
{
	struct stat st;

	*b = (struct bundle){.fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), .path = xstrdup(name)};
	if (b->fd < 0 || fstat(b->fd, &st) < 0)
		return err_errno(err, "cannot open '%s'", name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "'%s' is not a file", name);
	b->bytes = (uint64_t)st.st_size;
	return 0;
}

static int open_index(struct bundle *b, struct err *err)
{
	return read_index(b, err) < 0 || check_program(b, err) < 0 ? -1 : 0;
}

int bundle_open(struct bundle *b, const char *path, struct err *err)
{
	if (open_file(b, path, path, err) == 0 && open_index(b, err) == 0)
		return 0;
	bundle_close(b);
	return -1;
}

bool bundle_is_self(void)
{
	return get_le64(bundle_mark()->size) || get_le64(bundle_mark()->index);
}

/* What the program knows of its file is true of it. */
static int check_mark(const struct bundle *b, struct err *err)
{
	unsigned long long size = get_le64(bundle_mark()->size), bytes = b->bytes;

	if (bytes < size) {
		err_set(err, "'%s' was cut short: it has %llu of its %llu bytes", b->path, bytes, size);
		return download_again(err);
	}
	if (bytes > size)
		return bundle_altered(b, err, "it has %llu bytes, and was made with %llu", bytes, size);
	return 0;
}

int bundle_open_self(struct bundle *b, struct err *err)
{
	char name[PATH_LEN] = SELF;
	ssize_t n = readlink(SELF, name, sizeof(name) - 1);
	const struct bundle_file *last;

	if (n > 0)
		name[n] = '\0';
	if (open_file(b, SELF, name, err) < 0) {
		err_hint(err, "vmtap reads the QEMU and the kit behind its program there: is /proc mounted?");
	} else if (check_mark(b, err) == 0 && open_index(b, err) == 0) {
		last = &b->files[b->count - 1];
		if (last->offset + last->packed == get_le64(bundle_mark()->index))
			return 0;
		bundle_altered(b, err, "its index is not where its program says");
	}
	bundle_close(b);
	return -1;
}

void bundle_close(struct bundle *b)
{
	fd_close(&b->fd);
	for (size_t i = 0; i < b->count; i++)
		free(b->files[i].path);
	free(b->files);
	free(b->path);
	*b = (struct bundle){.fd = -1};
}

const struct bundle_file *bundle_find(const struct bundle *b, const char *path)
{
	for (size_t i = 0; i < b->count; i++)
		if (strcmp(b->files[i].path, path) == 0)
			return &b->files[i];
	return NULL;
}
