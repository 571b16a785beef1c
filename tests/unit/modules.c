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
	CHECK_HAS(closure("net", false), "depmod makes that file");
	end();
}

TEST(modules, foreign_compression_is_named)
{
	struct folder f = {.root = "/nowhere"};
	cleanup_buf struct buf out = {0};
	struct err err = {0};

	CHECK_INT(module_read(&f, "v", "k/a.ko.zst", &out, &err), -1);
	CHECK_HAS(err.text, "'v/k/a.ko.zst' in '/nowhere': it is compressed with zstd");
}
