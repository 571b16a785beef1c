/* bundle.c - one file with everything: what is put in comes back, and anything else is refused with a word */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/text.h"
#include "image/bundle.h"
#include "image/bundle_format.h"
#include "image/erofs.h"
#include "store_setup.h"

#define CUT	64000 /* bytes between two cuts */
#define LARGE	300000

static struct buf good; /* the bundle of begin_bundle(), whole */

static char *in_root(const char *name)
{
	return path_join(root, name);
}

static void write_at(const char *name, const void *data, size_t n, int mode)
{
	cleanup_free char *path = in_root(name), *folder = path_dir(path);

	CHECK_INT(file_make_dirs(folder, NULL), 0);
	CHECK_INT(file_write_atomic(path, data, n, mode, NULL), 0);
}

/* A program that is no program but for its first bytes and its mark. */
static void write_program(const char *name)
{
	struct buf program = {0};
	struct bundle_mark mark = *bundle_mark();

	buf_adds(&program, "\x7f" "ELF");
	while (program.len < 100000)
		buf_addf(&program, "%zu of a program\n", program.len);
	buf_add(&program, &mark, sizeof(mark));
	buf_adds(&program, "and its end");
	write_at(name, program.data, program.len, 0755);
	buf_free(&program);
}

/* Bytes that deflate finds nothing in. */
static void write_noise(const char *name)
{
	uint32_t *noise = xmalloc(LARGE), x = 1;

	for (size_t i = 0; i < LARGE / sizeof(x); i++)
		noise[i] = x = x * 1664525u + 1013904223u;
	write_at(name, noise, LARGE, 0644);
	free(noise);
}

static int pack(const char *out, struct err *err)
{
	cleanup_free char *to = in_root(out), *program = in_root("vmtap"), *kit = in_root("from/kit"),
			  *qemu = in_root("from/qemu"), *text = in_root("from/COPYING");
	const struct bundle_part parts[] = {{"qemu", qemu}, {"kit", kit}, {"licence", text}};

	return bundle_pack(to, program, NULL, parts, ARRAY_SIZE(parts), err);
}

static void begin_bundle(void)
{
	struct err err = {0};
	cleanup_free char *path = NULL;

	begin();
	path = in_root("bundle");
	write_program("vmtap");
	write_noise("from/kit/vmlinuz");
	write_at("from/kit/busybox", "applets", 7, 0700);
	write_at("from/kit/kit.id", "", 0, 0600);
	write_at("from/qemu/qemu-system-x86_64", "#!/bin/sh\n", 10, 0755);
	write_at("from/qemu/firmware/bios.bin", "bios", 4, 0644);
	write_at("from/COPYING", "everybody may", 13, 0644);
	CHECK_INT(pack("bundle", &err), 0);
	CHECK_STR(err.text, "");
	buf_clear(&good);
	CHECK_INT(file_read(path, 1 << 24, &good, NULL), 0);
}

/* Open what is in a buffer. Return: as bundle_open(), and bundle_check() if @all. */
static int open_bytes(const void *data, size_t n, bool all, struct err *err)
{
	cleanup_bundle struct bundle b = {.fd = -1};
	cleanup_free char *path = in_root("other");

	unlink(path);
	write_at("other", data, n, 0755);
	if (bundle_open(&b, path, err) < 0)
		return -1;
	return all ? bundle_check(&b, err) : 0;
}

static bool same_file(const char *a, const char *b)
{
	cleanup_free char *one = in_root(a), *two = in_root(b);
	cleanup_buf struct buf x = {0}, y = {0};

	return file_read(one, 1 << 24, &x, NULL) == 0 && file_read(two, 1 << 24, &y, NULL) == 0 && x.len == y.len &&
	       memcmp(buf_str(&x), buf_str(&y), x.len) == 0;
}

static int mode_of(const char *name)
{
	cleanup_free char *path = in_root(name);
	struct stat st;

	return stat(path, &st) == 0 ? (int)(st.st_mode & 0777) : -1;
}

/* ---- whole ones ---- */

TEST(bundle, what_is_packed_is_unpacked)
{
	cleanup_bundle struct bundle b = {.fd = -1};
	cleanup_free char *path = NULL, *dir = NULL;
	struct err err = {0};

	umask(022);
	begin_bundle();
	path = in_root("bundle");
	dir = in_root("dir//");
	CHECK_INT(mode_of("bundle"), 0755);
	CHECK_INT(bundle_open(&b, path, &err), 0);
	CHECK_INT(b.count, 7);
	CHECK_INT(bundle_check(&b, &err), 0);
	CHECK_INT(bundle_unpack(&b, dir, &err), 0);
	CHECK_STR(err.text, "");
	CHECK(same_file("dir/vmtap", "vmtap"));
	CHECK(same_file("dir/kit/vmlinuz", "from/kit/vmlinuz"));
	CHECK(same_file("dir/kit/kit.id", "from/kit/kit.id"));
	CHECK(same_file("dir/qemu/firmware/bios.bin", "from/qemu/firmware/bios.bin"));
	CHECK(same_file("dir/licence", "from/COPYING"));
	CHECK_INT(mode_of("dir/kit/busybox"), 0755);
	CHECK_INT(mode_of("dir/kit/kit.id"), 0644);
	CHECK(bundle_unpack(&b, dir, &err) < 0);
	CHECK_HAS(err.text, "is there already");
	end();
}

TEST(bundle, the_index_is_text_that_is_found_from_the_end)
{
	static const char *const order[] = {"vmtap", "kit/busybox", "kit/kit.id", "kit/vmlinuz", "licence",
					    "qemu/firmware/bios.bin", "qemu/qemu-system-x86_64"};
	cleanup_bundle struct bundle b = {.fd = -1};
	cleanup_free char *path = NULL;
	uint64_t at = 0;

	begin_bundle();
	path = in_root("bundle");
	CHECK(text_starts(good.data + good.len - BUNDLE_END_LEN, "vmtap-index 0"));
	CHECK_INT(good.data[good.len - 1], '\n');
	CHECK_INT(bundle_open(&b, path, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(order) && i < b.count; i++) {
		CHECK_STR(b.files[i].path, order[i]);
		CHECK_INT(b.files[i].offset, at);
		at += b.files[i].packed;
	}
	CHECK(bundle_find(&b, "kit/vmlinuz")->packed < LARGE + 200);
	CHECK(bundle_find(&b, "kit") == NULL);
	end();
}

TEST(bundle, the_program_knows_its_file)
{
	struct bundle_mark *mark;

	begin_bundle();
	mark = bundle_mark_find(good.data, good.len);
	CHECK(mark != NULL);
	CHECK_INT(get_le64(mark->size), good.len);
	CHECK(text_starts(good.data + get_le64(mark->index), BUNDLE_HEAD));
	CHECK(!bundle_is_self());
	end();
}

TEST(bundle, the_same_inputs_make_the_same_bytes)
{
	cleanup_free char *busybox = NULL;

	begin_bundle();
	busybox = in_root("from/kit/busybox");
	make_old("from/kit/vmlinuz", 1000000);
	CHECK_INT(chmod(busybox, 0755), 0);
	CHECK_INT(pack("again", NULL), 0);
	CHECK(same_file("bundle", "again"));
	write_at("from/kit/kit.id", "x", 1, 0644);
	CHECK_INT(pack("again", NULL), 0);
	CHECK(!same_file("bundle", "again"));
	end();
}

TEST(bundle, a_file_is_read_without_unpacking)
{
	cleanup_bundle struct bundle b = {.fd = -1};
	cleanup_buf struct buf out = {0};
	cleanup_free char *path = NULL;
	struct err err = {0};

	begin_bundle();
	path = in_root("bundle");
	CHECK_INT(bundle_open(&b, path, NULL), 0);
	CHECK_INT(bundle_read(&b, "licence", 100, &out, NULL), 0);
	CHECK_STR(buf_str(&out), "everybody may");
	CHECK(bundle_read(&b, "licence", 12, &out, &err) < 0);
	CHECK_HAS(err.text, "larger than 12 bytes");
	CHECK(bundle_read(&b, "kit/nothing", 100, &out, &err) < 0);
	CHECK_HAS(err.text, "there is no 'kit/nothing' in '");
	end();
}

TEST(bundle, modules_become_an_image)
{
	cleanup_bundle struct bundle b = {.fd = -1};
	cleanup_erofs_image struct erofs_image e = {.fd = -1};
	cleanup_free char *path = NULL, *dir = NULL, *image = NULL, *link = NULL;
	struct err err = {0};
	struct erofs_file f;

	begin_bundle();
	write_at("from/kit/lib/modules/6.1/modules.dep", "kernel/a.ko:\n", 13, 0600);
	write_at("from/kit/lib/modules/6.1/kernel/a.ko", "module", 6, 0664);
	link = in_root("from/kit/lib/modules/6.1/build");
	CHECK_INT(symlink("/usr/src/linux", link), 0);
	CHECK_INT(pack("bundle", &err), 0);
	make_old("from/kit/lib/modules/6.1/modules.dep", 1000000);
	CHECK_INT(pack("again", &err), 0);
	CHECK_STR(err.text, "");
	CHECK(same_file("bundle", "again"));
	path = in_root("bundle");
	dir = in_root("dir");
	CHECK_INT(bundle_open(&b, path, NULL), 0);
	CHECK_INT(bundle_unpack(&b, dir, NULL), 0);
	CHECK_INT(names_in("dir/kit"), 4);
	image = in_root("dir/kit/modules-6.1.erofs");
	CHECK_INT(erofs_open(&e, image, &err), 0);
	CHECK_INT(erofs_stat(&e, "kernel/a.ko", true, &f, &err), 0);
	CHECK_INT(f.mode, S_IFREG | 0644);
	CHECK_INT(f.mtime, 0);
	CHECK_INT(erofs_stat(&e, "build", false, &f, NULL), 0);
	CHECK_INT(names_in("."), 5); /* and nothing is left of the making */
	end();
}

/* ---- the store ---- */

TEST(bundle, the_store_gets_what_a_run_needs)
{
	cleanup_bundle struct bundle b = {.fd = -1};
	cleanup_free char *path = NULL, *cache = NULL, *entry = NULL, *again = NULL, *bios = NULL, *want = NULL;
	cleanup_store_list struct store_list l = {0};
	struct err err = {0};

	begin_bundle();
	path = in_root("bundle");
	cache = in_root("cache");
	CHECK_INT(bundle_open(&b, path, NULL), 0);
	CHECK_INT(bundle_provide(&b, cache, &entry, &err), 0);
	want = xasprintf("%s/bundle/%s", cache, b.key);
	CHECK_STR(entry, want);
	CHECK_INT(names_in("cache/bundle/*"), 3); /* kit, qemu, seal */
	CHECK_INT(names_in("cache/bundle/*/qemu/firmware"), 1);
	CHECK_INT(store_list(cache, STORE_CHECK_ALL, &l, NULL), 0);
	CHECK_INT(l.count, 1);
	CHECK(l.items[0].sound && l.items[0].busy);
	CHECK_INT(l.items[0].size, LARGE + 7 + 10 + 4);
	bios = path_join(entry, "qemu/firmware/bios.bin");
	CHECK(store_lease(cache, bios));
	/* What was damaged in the cache is unpacked again */
	CHECK_INT(truncate(bios, 3), 0);
	CHECK(!store_lease(cache, bios));
	CHECK_INT(bundle_provide(&b, cache, &again, &err), 0);
	CHECK(store_lease(cache, bios));
	store_release(entry);
	end();
}

TEST(bundle, a_pack_of_the_cache_has_no_bundle)
{
	static char *const none[] = {NULL};
	cleanup_bundle struct bundle b = {.fd = -1};
	cleanup_free char *path = NULL, *entry = NULL, *out = NULL;
	struct pack_report report;

	begin_bundle();
	path = in_root("bundle");
	out = in_root("pack");
	CHECK_INT(bundle_open(&b, path, NULL), 0);
	unlink(path); /* its name is the kind's */
	CHECK_INT(bundle_provide(&b, root, &entry, NULL), 0);
	CHECK_INT(get(build, NULL), 0);
	CHECK_INT(store_export(root, out, none, &report, NULL), 0);
	CHECK_INT(report.entries, 1);
	CHECK_INT(report.skipped, 0);
	store_release(entry);
	end();
}

/* ---- damage ---- */

TEST(bundle, every_cut_is_refused)
{
	struct err err = {0};

	begin_bundle();
	for (size_t n = 0; n < good.len; n += CUT) {
		CHECK(open_bytes(good.data, n, false, &err) < 0);
		CHECK_HAS(err.text, "was altered");
		CHECK_HAS(err.text, "download it again");
	}
	for (size_t n = good.len - 2000; n < good.len; n += 7)
		CHECK(open_bytes(good.data, n, false, NULL) < 0);
	CHECK(open_bytes(good.data, good.len - 1, false, NULL) < 0);
	CHECK_INT(open_bytes(good.data, good.len, true, NULL), 0);
	end();
}

TEST(bundle, appended_bytes_are_refused)
{
	struct err err = {0};

	begin_bundle();
	buf_addc(&good, '\n');
	CHECK(open_bytes(good.data, good.len, false, &err) < 0);
	CHECK_HAS(err.text, "its last line is not a bundle's");
	end();
}

/* @all: the change is found only when everything is read. */
static void flip(size_t at, int bit, bool all)
{
	struct err err = {0};

	good.data[at] ^= (char)(1 << bit);
	CHECK_INT(open_bytes(good.data, good.len, false, &err), all ? 0 : -1);
	if (all)
		CHECK(open_bytes(good.data, good.len, true, &err) < 0);
	CHECK_HAS(err.text, "was altered");
	if (unit_failed == 1)
		printf("# byte %zu, bit %d\n", at, bit);
	good.data[at] ^= (char)(1 << bit);
}

TEST(bundle, a_flipped_bit_is_found_wherever_it_is)
{
	struct bundle_mark *mark;
	size_t program, index;

	begin_bundle();
	mark = bundle_mark_find(good.data, good.len);
	index = get_le64(mark->index);
	program = (size_t)((char *)(mark + 1) - good.data) + strlen("and its end");
	for (size_t at = index; at < good.len; at++)
		flip(at, (int)(at % 8), false);
	for (size_t at = 0; at < program; at += 997)
		flip(at, (int)(at % 8), false);
	flip((size_t)(mark->size - (uint8_t *)good.data), 3, false);
	for (size_t at = program; at < index; at += 4999)
		flip(at, (int)(at % 8), true);
	end();
}

TEST(bundle, a_damaged_stream_leaves_nothing_in_the_store)
{
	cleanup_bundle struct bundle b = {.fd = -1};
	cleanup_free char *path = NULL, *cache = NULL, *dir = NULL, *entry = NULL;
	struct err err = {0};

	begin_bundle();
	good.data[200000] ^= 1;
	write_at("other", good.data, good.len, 0755);
	path = in_root("other");
	cache = in_root("cache");
	dir = in_root("dir");
	CHECK_INT(bundle_open(&b, path, NULL), 0);
	CHECK(bundle_provide(&b, cache, &entry, &err) < 0);
	CHECK_HAS(err.text, "cannot unpack '");
	CHECK_HAS(err.text, "'kit/vmlinuz' in it is damaged");
	CHECK_INT(names_in("cache/bundle"), 0);
	CHECK_INT(names_in("cache/tmp"), 0);
	CHECK(bundle_unpack(&b, dir, &err) < 0);
	CHECK_INT(names_in("."), 5); /* bundle, other, vmtap, from, cache */
	end();
}

/* ---- an index that was made to deceive ---- */

/* Put another index behind the same streams, with right sums. */
static int open_index(const char *text, struct err *err)
{
	struct bundle_mark *mark = bundle_mark_find(good.data, good.len);
	cleanup_buf struct buf out = {0};
	struct sha256 s;
	char hex[SHA256_HEX];

	buf_add(&out, good.data, get_le64(mark->index));
	buf_adds(&out, text);
	sha256_init(&s);
	sha256_add(&s, text, strlen(text));
	sha256_hex(&s, hex);
	buf_addf(&out, BUNDLE_END, strlen(text), hex);
	return open_bytes(out.data, out.len, true, err);
}

/* Change the index: the first @from in it becomes @to. Return: whether it is still a bundle. */
static bool accepts(const char *from, const char *to)
{
	struct bundle_mark *mark = bundle_mark_find(good.data, good.len);
	cleanup_free char *text = xstrndup(good.data + get_le64(mark->index),
					   good.len - get_le64(mark->index) - BUNDLE_END_LEN);
	const char *at = strstr(text, from);
	cleanup_free char *changed = at ? xasprintf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) : NULL;
	struct err err = {0};

	if (!changed)
		return true;
	if (open_index(changed, &err) == 0)
		return true;
	CHECK_HAS(err.text, "was altered");
	return false;
}

TEST(bundle, names_stay_below_their_folder)
{
	static const char *const bad[] = {"../busybox", "kit/../x", "/busybox", "kit//busybox", "kit/", ".kit", "kit/.x",
					  "kit/b b", "kit/b\tb", "", "vmtap", "vmtap/x", "kit/kit.id", "qemu/z"};

	begin_bundle();
	CHECK(accepts("kit/busybox", "kit/busybix"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (accepts("kit/busybox", bad[i])) {
			unit_failed++;
			printf("# '%s' is taken for a name\n", bad[i]);
		}
	}
	end();
}

TEST(bundle, an_index_says_what_the_file_has)
{
	static const char *const changes[][2] = {
		{"vmtap 755", "vmtop 755"},	     {"busybox 755", "busybox 777"},   {"busybox 755", "busybox 4755"},
		{"busybox 755 7 ", "busybox 755 8 "}, {"busybox 755 7 ", "busybox 755 6 "},
		{"busybox 755 7 ", "busybox 755 07 "}, {"busybox 755 7 ", "busybox 755 -7 "},
		{"busybox 755 7 ", "busybox 755 99999999999999999999 "}, {"busybox 755 7 ", "busybox 755 7  "},
		{"vmtap-bundle 1", "vmtap-bundle 2"}, {"kit/busybox", "kit/busybox kit/x"}, {"\nkit/kit.id", "\n\nkit/kit.id"},
		{"kit/kit.id 644 0 ", "kit/kit.id 644 2000000000 "},
	};

	begin_bundle();
	CHECK(accepts("vmtap-bundle 1", "vmtap-bundle 1"));
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		if (accepts(changes[i][0], changes[i][1])) {
			unit_failed++;
			printf("# '%s' may become '%s'\n", changes[i][0], changes[i][1]);
		}
	CHECK(open_index("", NULL) < 0);
	CHECK(open_index(BUNDLE_HEAD, NULL) < 0);
	end();
}

/* ---- what cannot be packed ---- */

TEST(bundle, links_and_pipes_are_not_packed)
{
	cleanup_free char *link = NULL, *pipe = NULL;
	struct err err = {0};

	begin_bundle();
	link = in_root("from/kit/link");
	pipe = in_root("from/kit/pipe");
	CHECK_INT(symlink("busybox", link), 0);
	CHECK(pack("bundle", &err) < 0);
	CHECK_HAS(err.text, "/from/kit/link': it is a symbolic link");
	unlink(link);
	CHECK_INT(mkfifo(pipe, 0600), 0);
	CHECK(pack("bundle", &err) < 0);
	CHECK_HAS(err.text, "it is not a plain file");
	unlink(pipe);
	write_at("from/kit/.hidden", "", 0, 0644);
	CHECK(pack("bundle", &err) < 0);
	CHECK_HAS(err.text, "its name cannot be in a bundle");
	end();
}

TEST(bundle, a_program_is_a_vmtap_and_no_bundle)
{
	cleanup_free char *to = NULL, *kit = NULL, *bundle = NULL, *plain = NULL, *missing = NULL;
	struct err err = {0};

	begin_bundle();
	to = in_root("out");
	kit = in_root("from/kit");
	bundle = in_root("bundle");
	plain = in_root("from/kit/vmlinuz");
	missing = in_root("nothing");
	const struct bundle_part parts[] = {{"kit", kit}, {"vmtap", kit}, {"a/b", kit}, {"kit", kit}, {"x", missing}};

	CHECK(bundle_pack(to, bundle, NULL, parts, 1, &err) < 0);
	CHECK_HAS(err.text, "is a bundle already");
	CHECK(bundle_pack(to, plain, NULL, parts, 1, &err) < 0);
	CHECK_HAS(err.text, "is no vmtap");
	write_program("plain");
	free(plain);
	plain = in_root("plain");
	for (size_t i = 1; i < ARRAY_SIZE(parts); i++)
		CHECK(i == 3 || bundle_pack(to, plain, NULL, &parts[i], 1, &err) < 0);
	CHECK(bundle_pack(to, plain, NULL, (struct bundle_part[]){parts[0], parts[3]}, 2, &err) < 0);
	CHECK_HAS(err.text, "'kit/busybox' is to be packed twice");
	CHECK(!file_exists(to));
	buf_free(&good);
	end();
}
