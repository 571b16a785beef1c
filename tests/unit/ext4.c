/* ext4.c - an empty file system, written without mkfs */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fd.h"
#include "state/ext4.h"

static int open_file(void)
{
	int fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	return fd;
}

static void read_superblock(int fd, off_t at, uint8_t s[1024])
{
	CHECK_INT(pread(fd, s, 1024, at), 1024);
}

TEST(superblock, says_what_it_is)
{
	cleanup_fd int fd = open_file();
	struct err err = {0};
	uint8_t s[1024];

	CHECK_INT(ext4_make(fd, "file", 4096, &err), 0);
	read_superblock(fd, 1024, s);
	CHECK_INT(get_le16(s + 56), 0xEF53);
	CHECK_INT(get_le32(s + 4), 4096 * 256); /* blocks */
	CHECK_INT(get_le32(s), 32 * 8192);	 /* inodes: 32 groups */
	CHECK_INT(get_le32(s + 224), 8);	 /* the journal's inode */
}

TEST(superblock, has_copies)
{
	cleanup_fd int fd = open_file();
	struct err err = {0};
	uint8_t s[1024];
	int copies = 0;

	CHECK_INT(ext4_make(fd, "file", 4096, &err), 0);
	for (int group = 1; group < 32; group++) {
		read_superblock(fd, (off_t)group << 27, s);
		copies += get_le16(s + 56) == 0xEF53 && get_le16(s + 90) == group;
	}
	CHECK_INT(copies, 7); /* 1, 3, 5, 7, 9, 25, 27 */
}

TEST(file, is_sparse)
{
	cleanup_fd int fd = open_file();
	struct err err = {0};
	struct stat st;

	CHECK_INT(ext4_make(fd, "file", 4096, &err), 0);
	CHECK_INT(fstat(fd, &st), 0);
	CHECK_INT(st.st_size, 4096LL << 20);
	CHECK(st.st_blocks * 512 < 256 << 10);
}

/* A last group that would hold hardly more than its own tables is left out. */
TEST(file, ends_with_a_group_that_is_of_use)
{
	cleanup_fd int fd = open_file();
	struct err err = {0};
	uint8_t s[1024];

	CHECK_INT(ext4_make(fd, "file", 129, &err), 0);
	read_superblock(fd, 1024, s);
	CHECK_INT(get_le32(s + 4), 32768);
}

/* By who knows best, where he is installed: every size that is a case of its own. */
TEST(file, passes_e2fsck)
{
	static const long sizes[] = {EXT4_MIB_MIN, 127, 128, 129, 131, 200, 4096, 20000};

	if (system("e2fsck -V >/dev/null 2>&1") != 0) {
		printf("# e2fsck is not installed\n");
		return;
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		cleanup_fd int fd = open_file();
		struct err err = {0};
		char command[128];

		CHECK_INT(ext4_make(fd, "file", sizes[i], &err), 0);
		snprintf(command, sizeof(command), "e2fsck -fn /proc/%d/fd/%d >&2 2>/dev/null", (int)getpid(), fd);
		CHECK_INT(system(command), 0);
	}
}

TEST(file, that_cannot_be_written)
{
	cleanup_fd int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct err err = {0};

	CHECK_INT(ext4_make(fd, "full", 16, &err), -1);
	CHECK(strstr(err.text, "full"));
}
