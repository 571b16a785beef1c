/* agent_files.c - READ_FILE and WRITE_FILE: what is there decides how */
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "agent.h"
#include "base/file.h"

static char folder[] = "/tmp/vmtap-unit-XXXXXX";
static struct host h;

/* Begin with an empty folder as the current one, and an agent that has said hello. */
static void begin(void)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	CHECK(mkdtemp(folder) != NULL);
	CHECK_INT(chdir(folder), 0);
	host_begin(&h, "");
	CHECK_INT(host_hear(&h).type, WIRE_HELLO);
}

static void end(void)
{
	host_end(&h);
	CHECK_INT(chdir("/"), 0);
	file_remove_tree(folder);
}

/* Write a file of the folder. Return: "" when it is done, else the reason; the caller frees it. */
static char *write_file(const char *name, const char *text)
{
	cleanup_free char *path = path_join(folder, name);
	struct frame f;

	host_write_file(&h, 1, path, text);
	f = host_hear_end(&h);
	return f.type == WIRE_DONE ? xstrdup("") : host_reason(&f);
}

#define CHECK_WRITE(name, text, want)                                                          \
	do {                                                                                   \
		cleanup_free char *why_ = write_file(name, text);                              \
		CHECK_STR(why_, want);                                                         \
	} while (0)

static void check_content(const char *name, const char *want)
{
	cleanup_buf struct buf text = {0};

	CHECK_INT(file_read(name, 1 << 20, &text, NULL), 0);
	CHECK_STR(buf_str(&text), want);
}

static mode_t mode(const char *name)
{
	struct stat st = {0};

	CHECK_INT(lstat(name, &st), 0);
	return st.st_mode;
}

/* Ask to read a file of the folder. Return: the reason why it fails, which the caller frees. */
static char *read_fails(const char *name)
{
	cleanup_free char *path = path_join(folder, name);
	struct frame f;

	host_say(&h, WIRE_READ_FILE, 2, path);
	f = host_hear_end(&h);
	return host_reason(&f);
}

static void make(const char *name, const char *text)
{
	CHECK_INT(file_write_atomic(name, text, strlen(text), 0640, NULL), 0);
}

TEST(files, a_file_keeps_its_mode_and_a_new_one_has_the_usual)
{
	begin();
	make("old", "old");
	CHECK_INT(chmod("old", 0751), 0);
	CHECK_WRITE("old", "new", "");
	CHECK_WRITE("made/deep/new", "new", "");
	check_content("old", "new");
	CHECK_INT(mode("old"), S_IFREG | 0751);
	CHECK_INT(mode("made/deep/new"), S_IFREG | 0644);
	end();
}

TEST(files, a_link_stays_a_link)
{
	begin();
	make("to", "old");
	CHECK_INT(symlink("to", "link"), 0);
	CHECK_INT(symlink("link", "second"), 0);
	CHECK_INT(symlink("made/to", "dangling"), 0);
	CHECK_WRITE("second", "new", "");
	CHECK_WRITE("dangling", "made", "");
	CHECK(S_ISLNK(mode("link")) && S_ISLNK(mode("second")) && S_ISLNK(mode("dangling")));
	check_content("to", "new");
	check_content("made/to", "made");
	end();
}

TEST(files, links_in_a_circle_are_refused)
{
	cleanup_free char *why = NULL;

	begin();
	CHECK_INT(symlink("two", "one"), 0);
	CHECK_INT(symlink("one", "two"), 0);
	why = write_file("one", "new");
	CHECK_HAS(why, "cannot look at '");
	CHECK(S_ISLNK(mode("one")) && S_ISLNK(mode("two")));
	end();
}

TEST(files, a_folder_is_refused)
{
	cleanup_free char *why = NULL;

	begin();
	CHECK_INT(mkdir("d", 0755), 0);
	why = write_file("d", "new");
	CHECK_HAS(why, "Is a directory");
	CHECK(S_ISDIR(mode("d")));
	end();
}

TEST(files, a_pipe_stays_one_and_its_reader_gets_all)
{
	cleanup_free char *text = xcalloc(1, 200001), *path = NULL;
	char byte;
	size_t sum = 0;
	FILE *reader;

	begin();
	CHECK_INT(mkfifo("p", 0600), 0);
	memset(text, 'x', 200000);
	path = path_join(folder, "p");
	for (size_t at = 0; at < 200000; at += 20000) { /* in frames of a usual size */
		cleanup_free char *piece = xstrndup(text + at, 20000);
		size_t mark;

		if (!at) {
			mark = wire_begin(&h.out, WIRE_WRITE_FILE, 1);
			wire_put_str(&h.out, path);
			wire_put_u32(&h.out, 0644);
			wire_end(&h.out, mark);
		}
		host_say(&h, WIRE_DATA, 1, piece);
	}
	host_say(&h, WIRE_END, 1, NULL);
	reader = fopen("p", "re");
	while (reader && fread(&byte, 1, 1, reader) == 1)
		sum++;
	if (reader)
		fclose(reader);
	CHECK_INT(sum, 200000);
	CHECK_INT(host_hear(&h).type, WIRE_DONE);
	CHECK(S_ISFIFO(mode("p")));
	end();
}

TEST(files, a_pipe_without_a_reader_is_waited_for_until_cancel)
{
	cleanup_free char *path = NULL, *why = NULL;
	struct frame f;

	begin();
	CHECK_INT(mkfifo("p", 0600), 0);
	path = path_join(folder, "p");
	host_write_file(&h, 1, path, "x");
	host_say(&h, WIRE_PING, 9, NULL);
	CHECK_INT(host_hear(&h).id, 9);
	host_say(&h, WIRE_CANCEL, 1, NULL);
	f = host_hear(&h);
	why = host_reason(&f);
	CHECK_HAS(why, "no process has opened the pipe");
	CHECK(S_ISFIFO(mode("p")));
	end();
}

TEST(files, what_follows_the_end_of_a_file_is_dropped)
{
	cleanup_free char *path = NULL;
	char text[16] = "";
	int fd;

	begin();
	CHECK_INT(mkfifo("f", 0600), 0);
	path = path_join(folder, "f");
	host_write_file(&h, 1, path, "once");
	host_say(&h, WIRE_DATA, 1, "twice");
	host_say(&h, WIRE_END, 1, NULL);
	host_say(&h, WIRE_PING, 2, NULL);
	CHECK_INT(host_hear(&h).id, 2); /* the agent has seen it all */
	fd = open("f", O_RDONLY | O_CLOEXEC);
	CHECK_INT(host_hear(&h).type, WIRE_DONE);
	CHECK_INT(read(fd, text, sizeof(text) - 1), 4);
	CHECK_STR(text, "once");
	close(fd);
	end();
}

TEST(files, a_pipe_without_a_writer_is_waited_for_until_cancel)
{
	cleanup_free char *path = NULL, *why = NULL;
	struct frame f;

	begin();
	CHECK_INT(mkfifo("p", 0600), 0);
	path = path_join(folder, "p");
	host_say(&h, WIRE_READ_FILE, 1, path);
	host_say(&h, WIRE_PING, 9, NULL);
	CHECK_INT(host_hear(&h).id, 9);
	host_say(&h, WIRE_CANCEL, 1, NULL);
	f = host_hear(&h);
	why = host_reason(&f);
	CHECK_HAS(why, "nothing more came");
	end();
}

/* The reader leaves in the middle: an error, not the end of the agent. */
TEST(files, a_pipe_whose_reader_leaves)
{
	cleanup_free char *path = NULL, *text = xcalloc(1, 500001), *why = NULL;
	struct frame f;
	int reader;

	begin();
	CHECK_INT(mkfifo("p", 0600), 0);
	reader = open("p", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	memset(text, 'x', 500000);
	path = path_join(folder, "p");
	host_write_file(&h, 1, path, text);
	host_say(&h, WIRE_PING, 9, NULL);
	CHECK_INT(host_hear(&h).id, 9); /* the pipe is full by now */
	close(reader);
	f = host_hear(&h);
	why = host_reason(&f);
	CHECK_HAS(why, "Broken pipe");
	host_say(&h, WIRE_PING, 10, NULL);
	CHECK_INT(host_hear(&h).type, WIRE_DONE);
	end();
}

TEST(files, more_than_may_be_collected_for_a_pipe_is_refused)
{
	cleanup_free char *path = NULL, *text = xcalloc(1, 1000001), *why = NULL;
	struct frame f;
	size_t mark;

	begin();
	CHECK_INT(mkfifo("p", 0600), 0);
	memset(text, 'x', 1000000);
	path = path_join(folder, "p");
	mark = wire_begin(&h.out, WIRE_WRITE_FILE, 1);
	wire_put_str(&h.out, path);
	wire_put_u32(&h.out, 0644);
	wire_end(&h.out, mark);
	for (int i = 0; i < 5; i++)
		host_say(&h, WIRE_DATA, 1, text);
	f = host_hear(&h);
	why = host_reason(&f);
	CHECK_HAS(why, "cannot write more than 4 MiB to '");
	end();
}

TEST(files, a_file_that_is_too_large_is_refused_before_a_byte_is_sent)
{
	cleanup_free char *path = NULL, *why = NULL;
	struct frame f;

	begin();
	make("sparse", "");
	CHECK_INT(truncate("sparse", 20LL << 30), 0);
	path = path_join(folder, "sparse");
	host_say(&h, WIRE_READ_FILE, 2, path);
	f = host_hear(&h);
	why = host_reason(&f);
	CHECK_HAS(why, "it has 21474836480 bytes, more than 32 MiB");
	end();
}

TEST(files, one_whose_size_is_not_known_is_refused_when_it_is_too_much)
{
	cleanup_free char *why = NULL;

	begin();
	CHECK_INT(symlink("/dev/zero", "zero"), 0);
	why = read_fails("zero");
	CHECK_HAS(why, "it has more than 32 MiB");
	end();
}

TEST(files, nothing_is_left_of_a_file_that_was_not_complete)
{
	cleanup_free char *path = NULL;
	struct stat st;
	size_t mark;

	begin();
	make("f", "old");
	path = path_join(folder, "f");
	mark = wire_begin(&h.out, WIRE_WRITE_FILE, 1);
	wire_put_str(&h.out, path);
	wire_put_u32(&h.out, 0644);
	wire_end(&h.out, mark);
	host_say(&h, WIRE_DATA, 1, "new");
	host_say(&h, WIRE_CANCEL, 1, NULL);
	CHECK_INT(host_hear(&h).type, WIRE_FAIL);
	check_content("f", "old");
	CHECK(stat(".vmtap.1", &st) < 0);
	end();
}
