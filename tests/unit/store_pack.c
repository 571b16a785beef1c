/* store_pack.c - packs of the cache: whole ones come back, all others are refused and leave nothing */
#include "unit.h"

#include <zlib.h>

#include "base/gzip.h"
#include "store_setup.h"

#define PACK_MAX (4u << 20) /* bytes, inflated */

static int build_sparse(const char *dir, void *arg, struct err *err)
{
	cleanup_free char *path = path_join(dir, "ram");

	(void)arg;
	(void)err;
	close(sparse_file(path));
	return 0;
}

static char *pack_path(void)
{
	return xasprintf("%s.pack", root);
}

/* Export an entry of a sparse file and one of small ones, and prune. */
static void pack_make(const char *pack)
{
	static char *const none[] = {NULL};
	cleanup_free char *path = NULL;
	struct pack_report report;

	CHECK_INT(store_get(root, "template", keys[1], build_sparse, NULL, &path, NULL), 0);
	store_release(path);
	CHECK_INT(get(build, NULL), 0);
	CHECK_INT(store_export(root, pack, none, &report, NULL), 0);
	CHECK_INT(report.entries, 2);
	CHECK_INT(store_prune(root, 0, STORE_CHECK_FACTS, NULL, NULL), 0);
	CHECK_INT(names_in("kind"), 0);
}

static int import(const char *pack, uint64_t limit, struct err *err)
{
	struct pack_report report;

	return store_import(root, pack, limit, &report, err) < 0 ? -1 : (int)report.entries;
}

static int build_open_to_all(const char *dir, void *arg, struct err *err)
{
	cleanup_free char *path = path_join(dir, "file");

	(void)arg;
	return file_write_atomic(path, "x", 1, 0600, err) < 0 ? -1 : chmod(path, 0666);
}

TEST(store_pack, what_comes_in_can_be_written_by_its_owner_only)
{
	static char *const none[] = {NULL};
	cleanup_free char *pack = NULL, *entry = NULL, *path = NULL;
	struct pack_report report;
	struct stat st = {0};

	begin();
	pack = pack_path();
	CHECK_INT(store_get(root, "kind", keys[1], build_open_to_all, NULL, &entry, NULL), 0);
	store_release(entry);
	CHECK_INT(store_export(root, pack, none, &report, NULL), 0);
	CHECK_INT(store_prune(root, 0, STORE_CHECK_FACTS, NULL, NULL), 0);
	CHECK_INT(import(pack, 10 * MB, NULL), 1);
	path = path_join(entry, "file");
	CHECK_INT(stat(path, &st), 0);
	CHECK_INT(st.st_mode & 0777, 0644);
	unlink(pack);
	end();
}

TEST(store_pack, an_export_comes_back_whole_with_its_holes)
{
	cleanup_free char *pack = NULL, *ram = NULL;
	cleanup_buf struct buf text = {0};
	struct stat st;
	long before;

	begin();
	pack = pack_path();
	pack_make(pack);
	before = calls();
	CHECK_INT(import(pack, 10 * MB, NULL), 2);
	CHECK_INT(import(pack, 10 * MB, NULL), 0); /* there already */
	CHECK_INT(get(build, NULL), 0);
	CHECK_INT(calls(), before);
	ram = xasprintf("%s/template/%s/ram", root, keys[1]);
	CHECK_INT(stat(ram, &st), 0);
	CHECK_INT(st.st_size, 1 << 20);
	CHECK(store_holes_fill(pack) || st.st_blocks * 512 < 65536);
	CHECK_INT(file_read(ram, 1 << 20, &text, NULL), 0);
	CHECK(text.len == 1 << 20 && text.data[4095] == 'x' && !text.data[4096] && !text.data[65536] &&
	      text.data[1 << 19] == 'x');
	CHECK_INT(names_in("tmp"), 0);
	unlink(pack);
	end();
}

TEST(store_pack, an_import_larger_than_the_cache_is_refused)
{
	cleanup_free char *pack = NULL;
	struct err err = {0};

	begin();
	pack = pack_path();
	pack_make(pack);
	CHECK_INT(import(pack, 5000, &err), -1);
	CHECK_HAS(err.text, "its content is larger than the cache may be\nset VMTAP_CACHE_MAX");
	CHECK_INT(names_in("kind") + names_in("tmp") + names_in("template"), 0);
	unlink(pack);
	end();
}

/* Write bytes as a gzip file. */
static void gzip_write(const char *path, const void *data, size_t n)
{
	cleanup_free uint8_t *out = xmalloc(n + 1024);
	z_stream z = {.next_in = (uint8_t *)(uintptr_t)data, .avail_in = (unsigned int)n, .next_out = out};

	z.avail_out = (unsigned int)n + 1024;
	CHECK_INT(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	CHECK_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
	file_write_atomic(path, out, z.total_out, 0600, NULL);
	deflateEnd(&z);
}

static void inflated(const char *path, struct buf *out)
{
	cleanup_buf struct buf raw = {0};

	CHECK_INT(file_read(path, PACK_MAX, &raw, NULL), 0);
	CHECK_INT(gzip_inflate(path, &raw, PACK_MAX, out, NULL), 0);
}

static bool nothing_left(void)
{
	return names_in("kind") + names_in("template") + names_in("tmp") == 0;
}

TEST(store_pack, a_truncated_pack_is_refused_wherever_it_ends)
{
	cleanup_buf struct buf whole = {0}, text = {0};
	cleanup_free char *pack = NULL, *bad = NULL;
	int accepted = 0;

	begin();
	pack = pack_path();
	bad = path_join(root, "bad");
	pack_make(pack);
	CHECK_INT(file_read(pack, PACK_MAX, &whole, NULL), 0);
	for (size_t n = 0; n < whole.len; n++) {
		file_write_atomic(bad, whole.data, n, 0600, NULL);
		accepted += import(bad, 10 * MB, NULL) >= 0;
	}
	inflated(pack, &text);
	for (size_t n = 0; n < text.len; n += 1 + n / 32) { /* cut, but a good gzip file */
		gzip_write(bad, text.data, n);
		accepted += import(bad, 10 * MB, NULL) >= 0;
	}
	CHECK_INT(accepted, 0);
	CHECK(nothing_left());
	unlink(pack);
	end();
}

TEST(store_pack, any_changed_byte_is_refused)
{
	cleanup_buf struct buf text = {0};
	cleanup_free char *pack = NULL, *bad = NULL;
	int accepted = 0;

	begin();
	pack = pack_path();
	bad = path_join(root, "bad");
	pack_make(pack);
	inflated(pack, &text);
	for (size_t n = 0; n < text.len; n += n < 300 || n + 300 > text.len ? 1 : 97) {
		text.data[n] ^= 0x10;
		gzip_write(bad, text.data, text.len);
		accepted += import(bad, 10 * MB, NULL) >= 0;
		text.data[n] ^= 0x10;
	}
	CHECK_INT(accepted, 0);
	CHECK(nothing_left());
	unlink(pack);
	end();
}

/* ---- hostile packs: good sums, bad intentions ---- */

static void add_number(struct buf *b, uint64_t number, size_t n)
{
	for (; n--; number >>= 8)
		buf_addc(b, (char)number);
}

static void add_name(struct buf *b, const char *name)
{
	buf_addc(b, (char)strlen(name));
	buf_adds(b, name);
}

static void add_data(struct buf *b, uint64_t offset, uint64_t n, const char *text)
{
	buf_adds(b, "DATA");
	add_number(b, offset, 8);
	add_number(b, n, 4);
	buf_adds(b, text);
}

/**
 * hostile() - Import a pack of one entry
 * @middle:	Its FILE and DATA records
 * Return: what is said of it, "" when it was taken
 */
static const char *hostile(uint64_t version, const char *kind, const char *key, const struct buf *middle)
{
	static struct err err;
	cleanup_buf struct buf body = {0}, pack = {0};
	cleanup_free char *path = path_join(root, "hostile");
	char hex[SHA256_HEX];
	struct sha256 sum;

	add_name(&body, kind);
	buf_adds(&body, key);
	buf_add(&body, middle->data, middle->len);
	sha256_init(&sum);
	sha256_add(&sum, body.data, body.len);
	sha256_hex(&sum, hex);
	buf_adds(&pack, "vmtap-cache\n");
	add_number(&pack, version, 4);
	buf_adds(&pack, "ENTR");
	buf_add(&pack, body.data, body.len);
	buf_addf(&pack, "ESUM%sDONE", hex);
	add_number(&pack, 1, 4);
	gzip_write(path, pack.data, pack.len);
	err = (struct err){0};
	import(path, 10 * MB, &err);
	return err.text;
}

/* One file of a name and a size, with "abc" at an offset. */
static const char *hostile_file(const char *name, uint64_t mode, uint64_t size, uint64_t offset, uint64_t n)
{
	cleanup_buf struct buf b = {0};

	buf_adds(&b, "FILE");
	add_name(&b, name);
	add_number(&b, mode, 4);
	add_number(&b, size, 8);
	add_data(&b, offset, n, "abc");
	return hostile(1, "kind", KEY, &b);
}

TEST(store_pack, the_pack_that_the_hostile_ones_are_made_from_is_good)
{
	begin();
	CHECK_STR(hostile_file("data", 0600, 3, 0, 3), "");
	CHECK_INT(names_in("kind/" KEY), 2);
	end();
}

TEST(store_pack, bad_names_are_refused)
{
	static const char *const names[] = {"../evil", "..", "", ".hidden", "a/b", "/etc/evil", "a\nb", "seal"};
	struct buf none = {0};

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CHECK_HAS(hostile_file(names[i], 0600, 3, 0, 3), "cannot import '");
		if (strcmp(names[i], "seal") != 0)
			CHECK_HAS(hostile(1, names[i], KEY, &none), "has characters that no export writes");
	}
	CHECK_HAS(hostile(1, "tmp", KEY, &none), "a name that no export writes");
	CHECK_HAS(hostile(1, "kind", "../../../../../../../../../../../../../../../../../../../tmp/evil", &none),
		  "a name that no export writes");
	CHECK(nothing_left());
	end();
}

TEST(store_pack, bad_sizes_are_refused)
{
	begin();
	CHECK_HAS(hostile_file("data", 0600, UINT64_MAX, 0, 3), "no export writes");
	CHECK_HAS(hostile_file("data", 04755, 3, 0, 3), "no export writes");
	CHECK_HAS(hostile_file("data", 0600, 3, 1, 3), "data of file 'data' beyond that file's size");
	CHECK_HAS(hostile_file("data", 0600, 3, UINT64_MAX, 3), "data of file 'data' beyond that file's size");
	CHECK_HAS(hostile_file("data", 0600, 1u << 30, 0, 1u << 30), "data of file 'data' beyond that file's size");
	CHECK(nothing_left());
	end();
}

TEST(store_pack, data_that_goes_back_and_files_of_one_name_are_refused)
{
	cleanup_buf struct buf b = {0}, twice = {0};

	begin();
	buf_adds(&b, "FILE");
	add_name(&b, "data");
	add_number(&b, 0600, 4);
	add_number(&b, 9, 8);
	add_data(&b, 3, 3, "abc");
	add_data(&b, 0, 3, "abc");
	CHECK_HAS(hostile(1, "kind", KEY, &b), "beyond that file's size");
	b.len -= 19;
	buf_add(&twice, b.data, b.len);
	buf_add(&twice, b.data, b.len);
	CHECK_HAS(hostile(1, "kind", KEY, &twice), "two files 'data' in one entry");
	CHECK(nothing_left());
	end();
}

TEST(store_pack, another_version_and_foreign_files_are_told_apart)
{
	cleanup_free char *path = NULL;
	struct buf none = {0};
	struct err err = {0};

	begin();
	CHECK_HAS(hostile(2, "kind", KEY, &none), "its format is version 2; this vmtap reads version 1");
	path = path_join(root, "foreign");
	gzip_write(path, "some other file that was compressed", 35);
	CHECK_INT(import(path, 10 * MB, &err), -1);
	CHECK_HAS(err.text, "it is gzip-compressed, but not an export of a vmtap cache");
	put("foreign", "PK\003\004 and so on");
	CHECK_INT(import(path, 10 * MB, &err), -1);
	CHECK_HAS(err.text, "it is not an export of a vmtap cache");
	CHECK_INT(import(root, 10 * MB, &err), -1);
	CHECK_HAS(err.text, "it is a folder");
	CHECK_INT(import("/nonexistent", 10 * MB, &err), -1);
	CHECK_HAS(err.text, "cannot open '/nonexistent': No such file");
	CHECK(nothing_left());
	end();
}
