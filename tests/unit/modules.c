/* modules.c - the closure of kernel modules */
#include "unit.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "image/modules.h"

static char dir[32];

static void put(const char *name, const char *text)
{
	cleanup_free char *path = path_join(dir, name);
	cleanup_free char *parent = path_dir(path);

	file_make_dirs(parent, NULL);
	file_write_atomic(path, text, strlen(text), 0600, NULL);
}

/* Return: the closure as one line, or the error; static. */
static const char *closure(const char *name, bool optional)
{
	static char line[ERR_TEXT_MAX];
	struct folder f = {.root = dir};
	struct module_want want = {name, "to be tested", optional};
	cleanup_module_list struct module_list l = {0};
	struct err err = {0};

	line[0] = '\0';
	if (modules_closure(&f, "v", &want, 1, &l, &err) < 0)
		return strcpy(line, err.text);
	for (size_t k = 0; k < l.count; k++)
		strcat(strcat(line, k ? " " : ""), l.paths[k]);
	return line;
}

static void begin(void)
{
	strcpy(dir, "/tmp/vmtap-unit-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	put("v/modules.dep", "k/net.ko: k/failover.ko k/virtio.ko k/ring.ko\n"
			     "k/failover.ko:\nk/virtio.ko: k/ring.ko\nk/ring.ko:\n"
			     "k/lib-crc.ko.gz:\nk/erofs.ko: k/lib-crc.ko.gz\nk/crc-fast.ko:\nk/md.ko:\n"
			     "k/ring-a.ko:\nk/ring-b.ko:\n");
	put("v/modules.builtin", "k/packet.ko\n");
	put("v/modules.softdep", "# comment\nsoftdep lib_crc pre: crc32c md-alias post: md\n"
				 "softdep ring_a pre: ring_b\nsoftdep ring_b pre: ring_a\n");
	put("v/modules.alias", "alias crc32c crc_fast\nalias md-* md\n");
}

static void end(void)
{
	file_remove_tree(dir);
}

TEST(modules, dependencies_come_first)
{
	begin();
	CHECK_STR(closure("net", false), "k/ring.ko k/virtio.ko k/failover.ko k/net.ko");
	end();
}

TEST(modules, built_in_and_optional_ones_are_left_out)
{
	begin();
	CHECK_STR(closure("packet", false), "");
	CHECK_STR(closure("missing", true), "");
	CHECK_HAS(closure("missing", false), "module 'missing' is neither built in nor there");
	end();
}

TEST(modules, soft_dependencies_go_through_aliases)
{
	begin();
	CHECK_STR(closure("erofs", false), "k/crc-fast.ko k/md.ko k/lib-crc.ko.gz k/erofs.ko");
	end();
}

TEST(modules, a_built_in_alias_needs_no_module)
{
	cleanup_free char *path = NULL;

	begin();
	path = path_join(dir, "v/modules.builtin.modinfo");
	file_write_atomic(path, "crc.license=GPL\0crc.alias=crc32c\0", 33, 0600, NULL);
	CHECK_STR(closure("erofs", false), "k/md.ko k/lib-crc.ko.gz k/erofs.ko");
	end();
}

TEST(modules, a_ring_of_soft_dependencies_ends)
{
	begin();
	CHECK_HAS(closure("ring_a", false), "depends on itself");
	end();
}

TEST(modules, no_index)
{
	begin();
	file_remove_tree(dir);
	CHECK_HAS(closure("net", false), "modules.dep'");
	CHECK_HAS(closure("net", false), " v makes that file");
	end();
}

/* Each as its program makes it of "a module\n". */
static const struct packed {
	const char *name, *data;
	size_t n;
} packed[] = {
	{"a.ko.xz",
	 "\375\067\172\130\132\000\000\001\151\042\336\066\002\000\041\001\026\000\000\000\164\057\345\243"
	 "\001\000\010\141\040\155\157\144\165\154\145\012\000\000\000\000\056\266\145\316\000\001\035\011"
	 "\223\141\066\246\220\102\231\015\001\000\000\000\000\001\131\132", 64},
	{"a.ko.zst",
	 "\050\265\057\375\004\130\111\000\000\141\040\155\157\144\165\154\145\012\256\216\355\266", 22},
	{"a.ko.gz",
	 "\037\213\010\000\000\000\000\000\000\003\113\124\310\315\117\051\315\111\345\002\000\056\266\145"
	 "\316\011\000\000\000", 29},
	{"a.ko",
	 "\141\040\155\157\144\165\154\145\012", 9},
};

TEST(modules, packed_ones_are_unpacked)
{
	struct folder f = {.root = dir};

	begin();
	for (size_t k = 0; k < ARRAY_SIZE(packed); k++) {
		cleanup_free char *path = xasprintf("%s/v/%s", dir, packed[k].name);
		cleanup_buf struct buf out = {0};
		struct err err = {0};

		file_write_atomic(path, packed[k].data, packed[k].n, 0600, NULL);
		CHECK_INT(module_read(&f, "v", packed[k].name, &out, &err), 0);
		CHECK_STR(buf_str(&out), "a module\n");
		CHECK_INT(module_name_length(packed[k].name), strlen("a.ko"));
	}
	end();
}

TEST(modules, one_that_is_damaged_or_packed_otherwise_is_named)
{
	struct folder f = {.root = dir};
	cleanup_buf struct buf out = {0};
	struct err err = {0};

	begin();
	put("v/b.ko.xz", "no module");
	CHECK_INT(module_read(&f, "v", "b.ko.xz", &out, &err), -1);
	CHECK_HAS(err.text, "the module 'v/b.ko.xz' is not compressed as its name says");
	err = (struct err){0};
	put("v/c.ko.zst", "\x28\xb5\x2f\xfdno module");
	CHECK_INT(module_read(&f, "v", "c.ko.zst", &out, &err), -1);
	CHECK_HAS(err.text, "cannot decompress 'v/c.ko.zst'");
	CHECK_INT(module_read(&f, "v", "nothing.ko.gz", &out, &err), -1);
	end();
}

TEST(modules, a_missing_one_is_told_with_what_it_is_for)
{
	begin();
	CHECK_HAS(closure("missing", false), "a guest needs missing to be tested");
	end();
}
