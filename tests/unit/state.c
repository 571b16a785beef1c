/* state.c - checkpoints in their lists, and what happens when an origin fails */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "state/checkpoint.h"
#include "state/origin.h"
#include "state/ram.h"

/* Keep one with a text in it. */
static void keep(struct checkpoint **list, const char *name, const char *text, const char *error)
{
	struct checkpoint *c = checkpoint_new("/tmp", name);

	CHECK(checkpoint_fd(c) >= 0);
	CHECK_INT(fd_write_all(checkpoint_fd(c), text, strlen(text)), 0);
	checkpoint_set_error(c, error);
	checkpoint_settle(&c, list);
	CHECK(c == NULL);
}

/* Return: what is in one; the last text is overwritten. */
static const char *content(const struct checkpoint *list, const char *name)
{
	static char text[64];
	const struct checkpoint *c = checkpoint_find(list, name);
	cleanup_free char *path = c ? checkpoint_path(c) : NULL;
	cleanup_fd int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = '\0';
	return c ? text : "none";
}

TEST(checkpoint, is_read_from_its_start_each_time)
{
	struct checkpoint *list = NULL;

	keep(&list, "a", "state", NULL);
	CHECK_STR(content(list, "a"), "state");
	CHECK_STR(content(list, "a"), "state");
	CHECK_STR(content(list, "b"), "none");
	checkpoint_free_all(&list);
	CHECK(list == NULL);
}

TEST(checkpoint, only_a_good_one_replaces_an_older_one)
{
	struct checkpoint *list = NULL;

	keep(&list, "a", "first", NULL);
	keep(&list, "b", "other", NULL);
	keep(&list, "a", "half", "no room");
	CHECK_STR(content(list, "a"), "first");
	keep(&list, "a", "second", NULL);
	CHECK_STR(content(list, "a"), "second");
	CHECK_STR(content(list, "b"), "other");
	keep(&list, "c", "never", "no room");
	CHECK_STR(content(list, "c"), "none");
	checkpoint_free_all(&list);
}

TEST(origin, each_has_words_that_name_the_machine_and_the_reason)
{
	for (int o = 0; o < ORIGINS; o++) {
		cleanup_free char *text = origin_failure_text((enum origin)o, "m", "bad section");

		CHECK_HAS(text, "'m'");
		CHECK_HAS(text, ": bad section");
	}
}

TEST(origin, only_a_template_is_replaced_by_a_boot)
{
	for (int o = 0; o < ORIGINS; o++)
		CHECK_INT(origin_rules[o].failure == ORIGIN_FALLS_BACK, o == ORIGIN_GENERIC || o == ORIGIN_NAMED);
}

#define RAM "/tmp/vmtap-unit-ram"

TEST(ram, is_mapped_where_it_is_if_that_may_be_written)
{
	cleanup_free char *path = NULL;
	int copy;

	CHECK_INT(file_write_atomic(RAM, "memory", 6, 0666, NULL), 0);
	CHECK_INT(ram_map(RAM, &path, &copy, NULL), 0);
	CHECK_STR(path, RAM);
	CHECK_INT(copy, -1);
	unlink(RAM);
}

TEST(ram, that_may_only_be_read_is_mapped_as_a_copy_of_the_callers)
{
	uid_t own = getuid();
	cleanup_free char *path = NULL;
	cleanup_buf struct buf text = {0};
	int copy;

	CHECK_INT(file_write_atomic(RAM, "memory", 6, 0444, NULL), 0);
	CHECK_INT(own == 0 ? setreuid(65534, 0) : 0, 0); /* root may write to any file; access(2) asks who really calls */
	CHECK_INT(ram_map(RAM, &path, &copy, NULL), 0);
	CHECK_INT(own == 0 ? setreuid(0, 0) : 0, 0);
	CHECK(copy >= 0);
	CHECK_HAS(path, "/fd/");
	CHECK_INT(file_read(path, 64, &text, NULL), 0);
	CHECK_STR(buf_str(&text), "memory");
	close(copy);
	CHECK(!file_exists(path));
	unlink(RAM);
}
