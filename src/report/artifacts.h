/* artifacts.h - what a person opens after a night: a folder with a page of the run, and one with files for each test
 *
 *	DIR/index.html			the page (page.h)
 *	DIR/003-the-page-is-served/	result.txt, commands.txt, console-web.txt, journal-web.txt,
 *					files/: what the script has put there
 *
 * Each file is written as a whole or not at all. What cannot be written, as on a full disk, is told once, and changes
 * no test's result. The page is written again with every failure, so that a run that is killed leaves one.
 */
#ifndef REPORT_ARTIFACTS_H
#define REPORT_ARTIFACTS_H

#include "base/err.h"
#include "report/page.h"

#define ARTIFACTS_REWRITES 20 /* failures after which the page is written at once: it grows with each */

/**
 * struct artifacts - The reporter
 * @dir:	The folder; not owned
 * @again:	The command that runs what failed again, not owned; or NULL
 * @number:	Points so far
 * @told:	It was said that something cannot be written
 * @started:	CLOCK_MONOTONIC, ns
 */
struct artifacts {
	struct reporter reporter;
	const char *dir, *again;
	const struct phases *phases;
	struct page page;
	size_t number;
	bool told;
	uint64_t started;
};

/**
 * artifacts_open() - Make the folder, and remove what an earlier run left there
 *
 * Only a folder whose index.html is one of ours is tidied, and only of what has the name of a test's folder.
 *
 * Return: 0, or -1 when nothing can be written there
 */
int artifacts_open(struct artifacts *a, const char *dir, const struct phases *phases, const char *again, struct err *err);
void artifacts_close(struct artifacts *a);

/* Return: the path of the folder for what test number @number (from 1) leaves itself, below that of the test; the caller frees it. */
char *artifacts_path(const char *dir, size_t number, const char *name);

/* Append a console's or a journal's file, the list of calls, the name of a test's folder. Pure, for tests. */
void artifacts_format_console(struct buf *out, const struct trace *t, int machine);
void artifacts_format_calls(struct buf *out, const struct trace *t);
void artifacts_format_folder(struct buf *out, size_t number, const char *name);

#endif
