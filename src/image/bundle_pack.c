/* bundle_pack.c - one file with everything: making it
 *
 * It is put together in memory, because the program at its front is told last
 * how long the file became. The level is zlib's best: it is made once and
 * downloaded often, and inflating costs the same.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "image/bundle.h"
#include "image/bundle_format.h"
#include "image/decompress.h"
#include "image/dir.h"
#include "image/erofs.h"
#include "image/tree.h"
#include "store/entry.h"

#define WINDOW	    (256 * 1024) /* bytes a read(2), and a step of the output */
#define PROGRAM_MAX (64u << 20)	 /* bytes; vmtap has less than one million */
#define MODULES	    "/lib/modules/"
#define GZIP_HEADER  10 /* bytes, without a name */
#define GZIP_TRAILER 8	/* bytes: sum and size, which the index has as well */

/**
 * struct packed_file - A file to pack
 * @name:	In the bundle
 * @path:	Where it is
 * @made:	It was made for this, and goes away with it
 */
struct packed_file {
	char *name, *path;
	bool made;
};

/**
 * struct pack - A bundle being made
 * @out:	Its path
 * @gzip:	Program that packs, or NULL
 * @bytes:	All of it so far
 * @index:	The lines behind the program's
 */
struct pack {
	const char *out, *gzip;
	struct packed_file *files;
	size_t count;
	uint64_t total;
	struct buf bytes, index;
};

/* ---- what is to be packed ---- */

static int refuse(struct err *err, const char *path, const char *why)
{
	err_set(err, "cannot pack '%s': %s", path, why);
	return err_hint(err, "a bundle has folders and plain files, whose names are made of letters, digits, '.', '_' and "
			     "'-', with no dot in front, and have at most %d bytes with their folders",
			STORE_NAME_MAX);
}

static int add(struct pack *p, const char *name, const char *path, bool made, struct err *err)
{
	if (!store_is_path(name))
		return refuse(err, path, "its name cannot be in a bundle");
	if (p->count == BUNDLE_FILES_MAX - 1)
		return err_set(err, "there are more than %d files to pack", BUNDLE_FILES_MAX - 1);
	p->files = xrealloc(p->files, (p->count + 1) * sizeof(*p->files));
	p->files[p->count++] = (struct packed_file){xstrdup(name), xstrdup(path), made};
	return 0;
}

/* Times and owners of this machine, and a umask, make no difference. */
static void forget_host(struct tree *t)
{
	for (struct inode *i = t->inodes; i; i = i->next) {
		i->mtime = 0;
		i->mtime_nsec = 0;
		if (S_ISDIR(i->mode))
			i->mode = S_IFDIR | 0755;
		else if (S_ISREG(i->mode))
			i->mode = S_IFREG | (i->mode & 0111 ? 0755 : 0644);
	}
}

static int write_modules(const char *from, const char *image, struct err *err)
{
	cleanup_erofs_writer struct erofs_writer w = {.fd = -1};
	struct tree t;
	int r;

	if (erofs_begin(&w, image, err) < 0)
		return -1;
	tree_init(&t);
	r = dir_load(from, DIR_ALL_ROOT, &t, &w, err);
	forget_host(&t);
	if (r == 0)
		r = erofs_finish(&w, &t, err);
	tree_free(&t);
	return r;
}

/* Hundreds of modules are one image, which a guest mounts as it is. @name: "PART/lib/modules/VERSION". */
static int add_modules(struct pack *p, const char *name, const char *path, struct err *err)
{
	cleanup_free char *image = xasprintf("%s.tmp.%ld.%zu", p->out, (long)getpid(), p->count);
	cleanup_free char *to = NULL;

	to = xasprintf("%.*s/modules-%s.erofs", (int)(strstr(name, MODULES) - name), name, path_base(name));
	unlink(image);
	if (add(p, to, image, true, err) < 0)
		return -1;
	return write_modules(path, image, err);
}

static bool is_modules(const char *name)
{
	const char *at = strchr(name, '/');

	return at && text_starts(at, MODULES) && !strchr(at + strlen(MODULES), '/');
}

static int not_dots(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static int gather(struct pack *p, const char *name, const char *path, const struct stat *st, struct err *err);

static int gather_below(struct pack *p, const char *name, const char *path, struct err *err)
{
	struct dirent **list = NULL;
	int n = scandir(path, &list, not_dots, NULL), r = 0;

	if (n < 0)
		return err_errno(err, "cannot read folder '%s'", path);
	for (int i = 0; i < n; i++) {
		cleanup_free char *below = path_join(path, list[i]->d_name), *inner = path_join(name, list[i]->d_name);
		struct stat st;

		if (r == 0)
			r = lstat(below, &st) < 0 ? err_errno(err, "cannot read '%s'", below)
						  : gather(p, inner, below, &st, err);
		free(list[i]);
	}
	free(list);
	return r;
}

static int gather(struct pack *p, const char *name, const char *path, const struct stat *st, struct err *err)
{
	if (S_ISREG(st->st_mode))
		return add(p, name, path, false, err);
	if (!S_ISDIR(st->st_mode))
		return refuse(err, path, S_ISLNK(st->st_mode) ? "it is a symbolic link" : "it is not a plain file");
	if (!store_is_path(name))
		return refuse(err, path, "its name cannot be in a bundle");
	return is_modules(name) ? add_modules(p, name, path, err) : gather_below(p, name, path, err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct packed_file *)a)->name, ((const struct packed_file *)b)->name);
}

/* A part itself may be given as a link. */
static int gather_all(struct pack *p, const struct bundle_part *parts, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct stat st;

		if (strchr(parts[i].name, '/') || strcmp(parts[i].name, BUNDLE_PROGRAM) == 0)
			return err_set(err, "'%s' cannot be the name of a part", parts[i].name);
		if (stat(parts[i].path, &st) < 0)
			return err_errno(err, "cannot open '%s'", parts[i].path);
		if (gather(p, parts[i].name, parts[i].path, &st, err) < 0)
			return -1;
	}
	if (p->count)
		qsort(p->files, p->count, sizeof(*p->files), by_name);
	for (size_t i = 1; i < p->count; i++)
		if (by_name(&p->files[i - 1], &p->files[i]) == 0)
			return err_set(err, "'%s' is to be packed twice", p->files[i].name);
	return 0;
}

/* ---- packing ---- */

static void add_line(struct buf *index, const char *path, bool runs, uint64_t size, uint64_t packed, uint64_t offset,
		     const char *sum, uint32_t crc)
{
	buf_addf(index, "%s %s %llu %llu %llu %s %08x\n", path, runs ? "755" : "644", (unsigned long long)size,
		 (unsigned long long)packed, (unsigned long long)offset, sum, crc);
}

static void deflate_some(z_stream *z, void *data, size_t n, int mode, struct buf *out)
{
	int r;

	z->next_in = data;
	z->avail_in = (unsigned int)n;
	do {
		z->next_out = (uint8_t *)buf_reserve(out, WINDOW);
		z->avail_out = WINDOW;
		r = deflate(z, mode);
		buf_commit(out, WINDOW - z->avail_out);
	} while (z->avail_in || (mode == Z_FINISH && r != Z_STREAM_END));
}

/* Append a file's stream. Return: its size, or -1. @out: or NULL, for its sum alone. */
static int64_t pack_stream(int fd, const char *path, struct sha256 *sum, struct buf *out, struct err *err)
{
	cleanup_free uint8_t *window = xmalloc(WINDOW);
	z_stream z = {0};
	int64_t size = 0;
	ssize_t n;

	if (out && deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return err_set(err, "cannot start zlib");
	while ((n = fd_read_full(fd, window, WINDOW)) > 0 && size <= (int64_t)BUNDLE_BYTES_MAX) {
		size += n;
		sha256_add(sum, window, (size_t)n);
		if (out)
			deflate_some(&z, window, (size_t)n, Z_NO_FLUSH, out);
	}
	if (out)
		deflate_some(&z, NULL, 0, Z_FINISH, out);
	deflateEnd(&z);
	return n < 0 ? err_errno(err, "cannot read '%s'", path) : size;
}

/* Append the stream of a gzip file (RFC 1952) whose header has no more than it must have. */
static int take_stream(const struct buf *gzip, const char *program, struct buf *out, struct err *err)
{
	if (gzip->len < GZIP_HEADER + GZIP_TRAILER || memcmp(gzip->data, "\x1f\x8b\x08\0", 4) != 0)
		return err_set(err, "'%s' made no plain gzip file", program);
	buf_add(out, gzip->data + GZIP_HEADER, gzip->len - GZIP_HEADER - GZIP_TRAILER);
	return 0;
}

/* The same by a program. */
static int64_t pack_by_program(const struct pack *p, int fd, const char *path, struct sha256 *sum, struct buf *out, struct err *err)
{
	const struct decompress_tool tool = {.name = p->gzip, .arguments = {p->gzip, "-12", "-c"}};
	cleanup_free char *there = proc_find(p->gzip);
	int64_t size = pack_stream(fd, path, sum, NULL, err);
	struct decompress *d = NULL;
	cleanup_buf struct buf made = {0};
	ssize_t n = -1;

	if (!there) {
		err_set(err, "there is no program '%s' on this host", p->gzip);
		return err_hint(err, "install it (libdeflate-gzip is in the package libdeflate-tools), or leave --gzip out");
	}
	if (size >= 0 && lseek(fd, 0, SEEK_SET) == 0)
		d = decompress_open(&tool, fd, (uint64_t)size, path, err);
	while (d && (n = decompress_read(d, buf_reserve(&made, WINDOW), WINDOW, err)) > 0)
		buf_commit(&made, (size_t)n);
	decompress_close(d);
	return n < 0 || take_stream(&made, p->gzip, out, err) < 0 ? -1 : size;
}

static int pack_file(struct pack *p, const struct packed_file *f, struct err *err)
{
	cleanup_fd int fd = open(f->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (f->made ? 0 : O_NONBLOCK));
	size_t start = p->bytes.len;
	struct sha256 sum;
	char hex[SHA256_HEX];
	struct stat st;
	int64_t size;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "cannot open '%s'", f->path);
	sha256_init(&sum);
	size = p->gzip ? pack_by_program(p, fd, f->path, &sum, &p->bytes, err)
		       : pack_stream(fd, f->path, &sum, &p->bytes, err);
	if (size < 0)
		return -1;
	p->total += (uint64_t)size;
	if (p->total > BUNDLE_BYTES_MAX)
		return err_set(err, "there are more than %llu MB to pack", BUNDLE_BYTES_MAX / 1000000);
	sha256_hex(&sum, hex);
	add_line(&p->index, f->name, st.st_mode & 0111, (uint64_t)size, p->bytes.len - start, start, hex,
		 crc32c(CRC32C_INIT, p->bytes.data + start, p->bytes.len - start));
	return 0;
}

/* ---- the program ---- */

static int read_program(struct pack *p, const char *program, char sum[SHA256_HEX], struct err *err)
{
	struct bundle_mark *mark;
	struct sha256 s;

	if (file_read(program, PROGRAM_MAX, &p->bytes, err) < 0)
		return -1;
	mark = bundle_mark_find(p->bytes.data, p->bytes.len);
	if (!mark || !text_starts(buf_str(&p->bytes), "\x7f" "ELF"))
		return err_set(err, "'%s' is no vmtap that can be the program of a bundle", program);
	if (get_le64(mark->size) || get_le64(mark->index)) {
		err_set(err, "'%s' is a bundle already", program);
		return err_hint(err, "`vmtap bundle unpack` gives back the vmtap that it was made with");
	}
	sha256_init(&s);
	sha256_add(&s, p->bytes.data, p->bytes.len);
	sha256_hex(&s, sum);
	p->total = p->bytes.len;
	return 0;
}

static void set_mark(struct pack *p, size_t program, size_t size)
{
	struct bundle_mark *mark = bundle_mark_find(p->bytes.data, program);

	put_le64(mark->size, size);
	put_le64(mark->index, p->bytes.len);
}

/* The program's line has its sum, which changes with the mark, which tells the length of all: known before, as sums have one length. */
static void finish(struct pack *p, size_t program, const char *sum)
{
	cleanup_buf struct buf head = {0};
	char hex[SHA256_HEX];
	struct sha256 s;
	size_t n;

	buf_adds(&head, BUNDLE_HEAD);
	add_line(&head, BUNDLE_PROGRAM, true, program, program, 0, sum, 0);
	n = head.len + p->index.len;
	set_mark(p, program, p->bytes.len + n + BUNDLE_END_LEN);
	buf_clear(&head);
	buf_adds(&head, BUNDLE_HEAD);
	add_line(&head, BUNDLE_PROGRAM, true, program, program, 0, sum, crc32c(CRC32C_INIT, p->bytes.data, program));
	sha256_init(&s);
	sha256_add(&s, head.data, head.len);
	sha256_add(&s, p->index.data, p->index.len);
	sha256_hex(&s, hex);
	buf_add(&p->bytes, head.data, head.len);
	buf_add(&p->bytes, p->index.data, p->index.len);
	buf_addf(&p->bytes, BUNDLE_END, n, hex);
}

/* ---- all of it ---- */

static int make(struct pack *p, const char *program, const struct bundle_part *parts, size_t n, struct err *err)
{
	char sum[SHA256_HEX];
	size_t size;

	if (read_program(p, program, sum, err) < 0 || gather_all(p, parts, n, err) < 0)
		return -1;
	size = p->bytes.len;
	for (size_t i = 0; i < p->count; i++)
		if (pack_file(p, &p->files[i], err) < 0)
			return -1;
	finish(p, size, sum);
	return file_write_atomic(p->out, p->bytes.data, p->bytes.len, 0777, err);
}

int bundle_pack(const char *out, const char *program, const char *gzip, const struct bundle_part *parts, size_t n,
		struct err *err)
{
	struct pack p = {.out = out, .gzip = gzip};
	int r = make(&p, program, parts, n, err);

	for (size_t i = 0; i < p.count; i++) {
		if (p.files[i].made)
			unlink(p.files[i].path);
		free(p.files[i].name);
		free(p.files[i].path);
	}
	free(p.files);
	buf_free(&p.bytes);
	buf_free(&p.index);
	return r;
}
