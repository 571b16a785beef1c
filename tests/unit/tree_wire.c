/* tree_wire.c - trees as records: what is packed is what is unpacked, and what a hostile one may do */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "wire/frame.h"
#include "wire/tree.h"

static char room[] = "/tmp/vmtap-tree-XXXXXX";

static void leave_room(void)
{
	file_remove_tree(room);
}

static char *in_room(const char *path)
{
	if (strstr(room, "XXXXXX") && mkdtemp(room))
		atexit(leave_room);
	return xasprintf("%s/%s", room, path);
}

static void shell(const char *text)
{
	cleanup_free char *folder = in_room(""), *command = xasprintf("set -e; cd %s; %s", folder, text);

	CHECK_INT(system(command), 0);
}

/* Fresh folders: "in" for what is to be read, "out" for what is written, "safe" for what must not be. */
static void begin(void)
{
	shell("rm -rf in out safe; mkdir in out safe; echo untouched >safe/file");
}

/* Return: 0, or -1 with @err: it is made as "out/copy". */
static int copy_path(const char *from, bool guest, struct err *err)
{
	cleanup_free char *to = in_room("out/copy");
	struct tree_pack *p = tree_pack_open(from, err);
	struct tree_unpack *u = tree_unpack_open(to, guest, err);
	int got = -1;

	CHECK(p && u);
	for (;;) {
		cleanup_buf struct buf record = {0};

		got = tree_pack_next(p, &record, err);
		CHECK(record.len <= WIRE_CHUNK);
		if (got <= 0 || tree_unpack_record(u, record.data, record.len, err) < 0)
			break;
	}
	got = got == 0 ? tree_unpack_end(u, err) : -1;
	tree_pack_free(p);
	tree_unpack_free(u);
	return got;
}

/* The same of what is in "in". */
static int copy(bool guest, struct err *err)
{
	cleanup_free char *from = in_room("in");

	return copy_path(from, guest, err);
}

TEST(tree, a_tree_is_copied_with_all_that_it_is)
{
	struct err err = {0};

	begin();
	shell("cd in; mkdir -p a/b empty; echo text >a/file; head -c 100000 /dev/urandom >a/b/bytes; ln -s ../nowhere a/link; "
	      "ln a/file a/b/same; mkfifo pipe; chmod 4751 a/file; chmod 500 a/b; chmod 1777 empty; touch -d 2001-02-03 a/file a");
	CHECK_INT(copy(false, &err), 0);
	CHECK_STR(err.text, "");
	shell("for d in in out/copy; do (cd $d; find . -printf '%p %y %m %n %l %T@ %U\\n' | sort); done >list; "
	      "n=$(($(wc -l <list) / 2)); head -n $n list >a; tail -n $n list | cmp - a");
	shell("cmp in/a/b/bytes out/copy/a/b/bytes && test out/copy/a/file -ef out/copy/a/b/same");
}

TEST(tree, holes_stay_holes)
{
	struct err err = {0};
	struct stat st;
	cleanup_free char *path = in_room("out/copy/holes");

	begin();
	shell("truncate -s 1G in/holes; printf x | dd of=in/holes bs=1 seek=500M conv=notrunc status=none");
	CHECK_INT(copy(false, &err), 0);
	CHECK_INT(stat(path, &st), 0);
	CHECK_INT(st.st_size, 1 << 30);
	CHECK(st.st_blocks < 1000);
	shell("cmp in/holes out/copy/holes");
}

TEST(tree, what_is_there_is_replaced_and_the_rest_stays)
{
	struct err err = {0};

	begin();
	shell("echo new >in/file; ln -s elsewhere in/link; mkdir -p out/copy; echo old >out/copy/kept; ln -s ../../safe/file out/copy/file; "
	      "echo x >out/copy/link");
	CHECK_INT(copy(true, &err), 0);
	shell("test $(cat out/copy/file) = new && test ! -L out/copy/file && test $(cat safe/file) = untouched && "
	      "test $(cat out/copy/kept) = old && test $(readlink out/copy/link) = elsewhere");
}

TEST(tree, a_guest_gives_no_rights_away)
{
	struct err err = {0};

	begin();
	shell("echo x >in/file; chmod 6755 in/file; mkdir in/d; chmod 2775 in/d");
	CHECK_INT(copy(true, &err), 0);
	shell("test $(stat -c %a out/copy/file) = 755 && test $(stat -c %a out/copy/d) = 775");
}

/* ---- a hostile one ---- */

static struct tree_unpack *hostile(void)
{
	cleanup_free char *to = in_room("out/copy");
	struct err err = {0};

	begin();
	return tree_unpack_open(to, true, &err);
}

static int put(struct tree_unpack *u, enum tree_kind kind, const char *path, const char *target, uint64_t size)
{
	cleanup_buf struct buf b = {0};
	struct err err = {0};

	wire_put_u8(&b, TREE_ENTRY);
	wire_put_u8(&b, (uint8_t)kind);
	wire_put_str(&b, path);
	for (int i = 0; i < 3; i++)
		wire_put_u32(&b, i ? 0 : 0777);
	wire_put_u64(&b, 0);
	wire_put_u64(&b, size);
	wire_put_str(&b, target);
	return tree_unpack_record(u, b.data, b.len, &err);
}

static int put_data(struct tree_unpack *u, uint64_t at, const char *text)
{
	cleanup_buf struct buf b = {0};
	struct err err = {0};

	wire_put_u8(&b, TREE_DATA);
	wire_put_u64(&b, at);
	wire_put_str(&b, text);
	return tree_unpack_record(u, b.data, b.len, &err);
}

/* Others may be at work in it, and the tree may never come to its end. */
TEST(tree, a_folder_that_was_there_stays_open_to_others)
{
	struct tree_unpack *u = hostile();

	shell("mkdir -p out/copy/closed; chmod 1755 out/copy; chmod 50 out/copy/closed");
	CHECK_INT(put(u, TREE_FOLDER, "", "", 0), 0);
	CHECK_INT(put(u, TREE_FOLDER, "closed", "", 0), 0);
	shell("test $(stat -c %a out/copy) = 1755 && test $(stat -c %a out/copy/closed) = 750");
	tree_unpack_free(u);
	shell("test $(stat -c %a out/copy) = 1755");
}

TEST(tree, no_path_leads_out)
{
	static const char *const paths[] = {"..", "../x", "a/../../x", "/etc/x", "a//b", "./x", "a/.", "a/"};
	struct tree_unpack *u = hostile();

	CHECK_INT(put(u, TREE_FOLDER, "", "", 0), 0);
	CHECK_INT(put(u, TREE_FOLDER, "a", "", 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		CHECK_INT(put(u, TREE_FILE, paths[i], "", 0), -1);
	tree_unpack_free(u);
	shell("test $(ls out) = copy && test $(find out -type f | wc -l) = 0");
}

TEST(tree, no_link_is_gone_through)
{
	struct tree_unpack *u = hostile();

	CHECK_INT(put(u, TREE_FOLDER, "", "", 0), 0);
	CHECK_INT(put(u, TREE_LINK, "out", "../../safe", 0), 0);
	CHECK_INT(put(u, TREE_FILE, "out/file", "", 0), -1);
	CHECK_INT(put(u, TREE_FOLDER, "out", "", 0), -1);
	CHECK_INT(put(u, TREE_HARD_LINK, "stolen", "out/file", 0), -1);
	CHECK_INT(put(u, TREE_HARD_LINK, "stolen", "../../safe/file", 0), -1);
	CHECK_INT(put(u, TREE_LINK, "file", "../../safe/file", 0), 0);
	CHECK_INT(put(u, TREE_FILE, "file", "", 3), 0); /* the link's place is taken */
	CHECK_INT(put_data(u, 0, "bad"), 0);
	tree_unpack_free(u);
	shell("test $(cat safe/file) = untouched && test $(ls safe) = file && test $(stat -c %h safe/file) = 1");
}

TEST(tree, no_data_comes_before_a_file_or_behind_its_end)
{
	struct tree_unpack *u = hostile();

	CHECK_INT(put_data(u, 0, "x"), -1);
	CHECK_INT(put(u, TREE_FILE, "", "", 4), 0);
	CHECK_INT(put_data(u, 0, "four"), 0);
	CHECK_INT(put_data(u, 1, "four"), -1);
	CHECK_INT(put_data(u, UINT64_MAX, "x"), -1);
	CHECK_INT(put(u, TREE_FILE, "", "", 1), -1); /* a second top */
	tree_unpack_free(u);
}

TEST(tree, records_that_are_none)
{
	struct tree_unpack *u = hostile();
	struct err err = {0};

	CHECK_INT(tree_unpack_record(u, "", 0, &err), -1);
	CHECK_INT(tree_unpack_record(u, "\7", 1, &err), -1);
	CHECK_INT(tree_unpack_record(u, "\1\1\377\377\377\377", 6, &err), -1);
	CHECK_INT(put(u, (enum tree_kind)77, "x", "", 0), -1);
	CHECK_INT(tree_unpack_end(u, &err), -1);
	tree_unpack_free(u);
}

TEST(tree, a_guest_makes_no_devices)
{
	struct tree_unpack *u = hostile();

	CHECK_INT(put(u, TREE_FOLDER, "", "", 0), 0);
	CHECK_INT(put(u, TREE_CHAR_DEVICE, "null", "", 0x103), 0);
	CHECK_INT(put(u, TREE_BLOCK_DEVICE, "disk", "", 0x800), 0);
	tree_unpack_free(u);
	shell("test -z \"$(ls out/copy)\"");
}

TEST(tree, a_device_alone_is_refused)
{
	struct tree_unpack *u = hostile();

	CHECK_INT(put(u, TREE_CHAR_DEVICE, "", "", 0x103), -1);
	tree_unpack_free(u);
}

/* /proc says that they are empty, and /sys that they have a page. */
TEST(tree, what_the_kernel_makes_up_is_whole)
{
	static const char *const paths[] = {"/proc/sys/kernel/ostype", "/proc/kallsyms", "/sys/kernel/profiling", "/sys/kernel/fscaps"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct err err = {0};
		cleanup_free char *same = xasprintf("cmp %s out/copy", paths[i]);

		if (access(paths[i], R_OK) < 0)
			continue;
		begin();
		CHECK_INT(copy_path(paths[i], true, &err), 0);
		CHECK_STR(err.text, "");
		shell(same);
	}
	begin();
	shell("truncate -s 5000 in/hole; : >in/nothing; echo x >in/one");
	CHECK_INT(copy(true, &(struct err){0}), 0);
	shell("cmp in/hole out/copy/hole; cmp in/nothing out/copy/nothing; cmp in/one out/copy/one; test $(stat -c %b out/copy/hole) = 0");
}
