/* decompress.c - archives that a program of the host decompresses */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "image/decompress.h"
#include "image/source.h"

#define BYTES 1000000 /* more than all buffers on the way */

static char dir[32], *path;

/* A file of numbers, compressed; @more behind it. Return: its size without that. */
static uint64_t make(const char *tool, const char *more)
{
	cleanup_free char *command = NULL;
	cleanup_fd int fd = -1;
	off_t n;

	strcpy(dir, "/tmp/vmtap-unit-XXXXXX");
	path = path_join(mkdtemp(dir), "x");
	command = xasprintf("seq 1 200000 | head -c %d | %s -c >%s", BYTES, tool, path);
	CHECK_INT(system(command), 0);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	n = lseek(fd, 0, SEEK_END);
	CHECK_INT(fd_write_all(fd, more, strlen(more)), 0);
	return (uint64_t)n;
}

static void end(void)
{
	file_remove_tree(dir);
	free(path);
}

/* Return: bytes that come, or -1. */
static long long read_all(struct source *s, struct err *err)
{
	const uint8_t *data;
	long long total = 0;
	ssize_t n;

	while ((n = source_next(s, &data, 65536, err)) > 0)
		total += n;
	return n < 0 ? -1 : total;
}

static const char *const tools[] = {"xz", "zstd", "bzip2", "lz4"};

TEST(decompress, what_each_program_has_compressed_comes_back)
{
	for (size_t k = 0; k < ARRAY_SIZE(tools); k++) {
		cleanup_source struct source s = {.fd = -1};
		cleanup_free char *there = proc_find(tools[k]);
		struct err err = {0};

		if (!there)
			continue;
		make(tools[k], "");
		CHECK_INT(source_open(&s, path, &err), 0);
		CHECK(source_is_packed(&s));
		CHECK_INT(read_all(&s, &err), BYTES);
		CHECK_STR(err.text, "");
		end();
	}
}

TEST(decompress, a_part_of_a_file_ends_where_it_ends)
{
	cleanup_source struct source s = {.fd = -1};
	cleanup_free char *there = proc_find("xz");
	cleanup_fd int fd = -1;
	struct err err = {0};
	uint64_t n;

	if (!there)
		return;
	n = make("xz", "something else");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK_INT(source_open_part(&s, "part", fd, 0, n, &err), 0);
	CHECK_INT(read_all(&s, &err), BYTES);
	end();
}

TEST(decompress, what_the_program_says_is_told)
{
	cleanup_source struct source s = {.fd = -1};
	cleanup_free char *there = proc_find("xz");
	struct err err = {0};
	uint64_t n;

	if (!there)
		return;
	n = make("xz", "");
	CHECK_INT(truncate(path, (off_t)n / 2), 0);
	CHECK_INT(source_open(&s, path, &err), 0);
	CHECK_INT(read_all(&s, &err), -1);
	CHECK_HAS(err.text, "x': xz: ");
	CHECK_HAS(err.text, "Unexpected end of input");
	end();
}

TEST(decompress, a_bomb_is_stopped)
{
	cleanup_source struct source s = {.fd = -1};
	cleanup_free char *there = proc_find("xz");
	struct err err = {0};

	if (!there)
		return;
	make("xz", "");
	CHECK_INT(source_open(&s, path, &err), 0);
	s.limit = 1000;
	CHECK_INT(read_all(&s, &err), -1);
	CHECK_HAS(err.text, "GiB when it is decompressed");
	end();
}

TEST(decompress, a_program_that_is_not_there_is_named_with_its_package)
{
	cleanup_source struct source s = {.fd = -1};
	cleanup_free char *before = xstrdup(getenv("PATH"));
	struct err err = {0};

	strcpy(dir, "/tmp/vmtap-unit-XXXXXX");
	path = path_join(mkdtemp(dir), "x");
	CHECK_INT(file_write_atomic(path, "\x28\xb5\x2f\xfd....", 8, 0600, NULL), 0);
	setenv("PATH", "/nowhere", 1);
	CHECK_INT(source_open(&s, path, &err), -1);
	setenv("PATH", before, 1);
	CHECK_HAS(err.text, "is zstd-compressed, and there is no zstd on this host\ninstall it (package zstd)");
	end();
}
