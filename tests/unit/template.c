/* template.c - the key of a template: what changes it, and what must not */
#include "unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "state/template.h"

static char dir[32];

static void put(const char *path, const char *text)
{
	CHECK_INT(file_write_atomic(path, text, strlen(text), 0755, NULL), 0);
}

/* In a folder of its own, with a QEMU, a kernel and an initramfs named by relative paths. */
static void begin(void)
{
	strcpy(dir, "/tmp/vmtap-unit-XXXXXX");
	CHECK(mkdtemp(dir) != NULL && chdir(dir) == 0);
	put("q", "QEMU");
	put("vmlinuz", "kernel");
	put("initrd", "initramfs");
	put("x.img", "disk");
}

static void end(void)
{
	CHECK_INT(chdir("/"), 0);
	file_remove_tree(dir);
}

static struct machine_spec machine(char *const *extra)
{
	static char kernel[] = "vmlinuz", initrd[] = "./initrd";

	return (struct machine_spec){.name = "m", .hostname = "m", .kernel = kernel, .initrd = initrd, .memory = 128,
				     .cpus = 1, .extra = extra};
}

/* Return: the key; the last one is overwritten. */
static const char *key_in(const char *store, const char *qemu, char *const *extra)
{
	static const struct accel tcg = {.kind = ACCEL_TCG};
	static char hex[2][SHA256_HEX];
	static int turn;
	struct machine_spec m = machine(extra);
	struct spec w = {.accel = &tcg, .qemu = qemu, .store = store, .machines = &m, .nmachines = 1};
	struct sha256 key;
	struct err err = {0};

	turn = !turn;
	sha256_init(&key);
	CHECK_INT(template_add_key(&w, 0, &key, &err), 0);
	CHECK_STR(err.text, "");
	sha256_hex(&key, hex[turn]);
	return hex[turn];
}

static const char *key(char *const *extra)
{
	return key_in("store", "./q", extra);
}

/* Whether the key changes when the file does. */
static bool counts(const char *path, char *const *extra)
{
	const char *before;

	put(path, "something");
	before = key(extra);
	put(path, "something else");
	return strcmp(before, key(extra)) != 0;
}

#define EXTRA(...) ((char *[]){__VA_ARGS__, NULL})

TEST(template_key, files_at_relative_paths_count_by_content)
{
	begin();
	CHECK(counts("q", NULL));
	CHECK(counts("vmlinuz", NULL));
	CHECK(counts("initrd", NULL));
	end();
}

TEST(template_key, the_name_of_a_file_does_not_count)
{
	cleanup_free char *absolute = NULL;

	begin();
	absolute = path_join(dir, "other");
	put(absolute, "QEMU");
	CHECK_STR(key_in("store", absolute, NULL), key(NULL));
	CHECK_STR(key_in("elsewhere", "./q", NULL), key(NULL));
	end();
}

TEST(template_key, files_of_qemu_arguments_count)
{
	begin();
	CHECK(counts("x.img", EXTRA("-drive", "if=virtio,file=x.img")));
	CHECK(counts("x.img", EXTRA("-cdrom", "x.img")));
	put("a,b=c", "disk");
	CHECK(counts("a,b=c", EXTRA("-drive", "file=a,,b=c,if=virtio")));
	CHECK(counts("x.img", EXTRA("-blockdev", "{\"driver\":\"file\",\"node-name\":\"d\",\"filename\":\"x.img\"}")));
	CHECK(!counts("y.img", EXTRA("-drive", "if=virtio,file=x.img")));
	end();
}

TEST(template_key, arguments_count_by_name_too)
{
	begin();
	put("y.img", "disk");
	CHECK(strcmp(key(EXTRA("-cdrom", "x.img")), key(EXTRA("-cdrom", "y.img"))) != 0);
	CHECK(strcmp(key(EXTRA("-device", "nvme")), key(NULL)) != 0);
	end();
}

TEST(template_key, files_that_qemu_writes_do_not_count)
{
	begin();
	CHECK(!counts("x.img", EXTRA("-D", "x.img")));
	CHECK(!counts("x.img", EXTRA("--trace", "enable=foo,file=x.img")));
	CHECK(!counts("x.img", EXTRA("-chardev", "file,id=c,path=x.img")));
	CHECK(!counts("x.img", EXTRA("-object", "filter-dump,id=f,netdev=net0,file=x.img")));
	end();
}

TEST(template_key, folders_and_devices_count_by_name_alone)
{
	begin();
	CHECK_STR(key(EXTRA("-drive", "file=/dev/null")), key(EXTRA("-drive", "file=/dev/null")));
	CHECK(strcmp(key(EXTRA("-drive", "file=/dev/null")), key(EXTRA("-drive", "file=/dev/zero"))) != 0);
	end();
}

TEST(template_key, files_of_the_store_count_by_their_name_in_it)
{
	begin();
	CHECK_INT(mkdir("store2", 0755), 0);
	put("store2/q", "QEMU");
	CHECK_STR(key_in("store2", "store2/q", NULL), key_in("there", "there/q", NULL)); /* not read */
	CHECK_STR(key_in("stor", "store2/q", NULL), key(NULL)); /* "stor" is no folder of it: read */
	end();
}
