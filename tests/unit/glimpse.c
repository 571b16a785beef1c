/* glimpse.c - what a child process is doing, and the line that tells it */
#include "unit.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/glimpse.h"
#include "report/progress.h"

TEST(glimpse, a_parent_sees_what_its_child_wrote)
{
	struct glimpse *all = glimpse_map(2), copy;
	int status;
	pid_t pid;

	CHECK(!glimpse_get(&all[1], &copy));
	pid = fork();
	if (pid == 0) {
		glimpse_set(&all[1], "first", 1, 2);
		glimpse_set(&all[1], "second", 3, 4);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK(glimpse_get(&all[1], &copy));
	CHECK_STR(copy.text, "second");
	CHECK_INT(copy.since, 3);
	CHECK_INT(copy.until, 4);
	CHECK(!glimpse_get(&all[0], &copy));
	glimpse_set(&all[1], "", 0, 0);
	CHECK(!glimpse_get(&all[1], &copy));
}

TEST(glimpse, what_is_half_written_is_not_seen_and_the_next_writer_mends_it)
{
	struct glimpse g = {.version = 1, .text = "half"}, copy;

	CHECK(!glimpse_get(&g, &copy));
	glimpse_set(&g, "whole", 0, 0);
	CHECK(glimpse_get(&g, &copy));
	CHECK_STR(copy.text, "whole");
}

TEST(glimpse, a_long_text_is_cut_between_characters)
{
	char text[2 * GLIMPSE_TEXT + 1];
	struct glimpse g = {0}, copy;

	for (size_t i = 0; i < sizeof(text) - 1; i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	text[sizeof(text) - 1] = '\0';
	glimpse_set(&g, text, 0, 0);
	CHECK(glimpse_get(&g, &copy));
	CHECK_INT(strlen(copy.text), GLIMPSE_TEXT - 2);
}

TEST(glimpse, nothing_comes_of_none)
{
	struct glimpse copy;

	glimpse_set(NULL, "text", 0, 0);
	CHECK(!glimpse_get(NULL, &copy));
}

TEST(progress, the_line_names_the_call_that_is_waited_for)
{
	struct glimpse doing = {0};
	struct report_activity activities[] = {
		{.what = "the page\nis served", .started = 1 * NS_PER_S, .doing = &doing},
		{.what = "images of 'b.c'", .started = 2 * NS_PER_S},
	};
	struct report_status s = {.activities = activities, .nactivities = 2, .finished = 3, .total = 9};
	cleanup_buf struct buf out = {0};

	glimpse_set(&doing, "web.wait_for_open_port(80), t.c:12", 2 * NS_PER_S, 242 * NS_PER_S);
	progress_describe(&out, &s, 5 * NS_PER_S + 100 * NS_PER_MS);
	CHECK_STR(buf_str(&out), "3/9  the page (4.1 s): web.wait_for_open_port(80), t.c:12, 3.1 of 240 s; images of 'b.c' (3.1 s)");
	glimpse_set(&doing, "", 0, 0);
	buf_clear(&out);
	progress_describe(&out, &s, 1 * NS_PER_S);
	CHECK_STR(buf_str(&out), "3/9  the page (0.0 s); images of 'b.c' (0.0 s)");
}
