/* wait_file.c - waiting for a path to exist
 *
 * inotify(7) on the nearest folder that exists tells at once; /proc, /sys and
 * what appears behind a symbolic link tell nothing, so there is a slow poll too.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/wait.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#define EVENTS (IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

#define LISTED_MAX 40 /* names of a folder that are told when the wait was in vain */

struct notice {
	struct watch watch;
	int fd; /* inotify, -1 when there is none */
	char *folder; /* the one it watches */
};

/* Return: the deepest existing folder above @path; the caller frees it. */
static char *nearest_folder(const char *path)
{
	char *folder = path_dir(path);

	while (strcmp(folder, "/") && strcmp(folder, ".") && !file_is_folder(folder)) {
		char *up = path_dir(folder);

		free(folder);
		folder = up;
	}
	return folder;
}

static void stop_notice(struct wait *w, struct notice *n)
{
	loop_unwatch(&w->request.agent->loop, &n->watch);
	fd_close(&n->fd);
	free(n->folder);
	n->folder = NULL;
}

/* One notice is enough: the folder may be gone, or a nearer one be there now. */
static void changed(void *arg, uint32_t events)
{
	struct wait *w = arg;

	(void)events;
	stop_notice(w, w->own);
	wait_look_now(w);
}

/* Watch the nearest folder, unless it is watched already. */
static void ask_for_notice(struct wait *w, struct notice *n)
{
	cleanup_free char *folder = nearest_folder(w->subject);

	if (n->folder && !strcmp(folder, n->folder))
		return;
	stop_notice(w, n);
	n->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (n->fd < 0 || inotify_add_watch(n->fd, folder, EVENTS) < 0)
		return;
	n->watch = (struct watch){.ready = changed, .arg = w};
	if (loop_watch(&w->request.agent->loop, &n->watch, n->fd, EPOLLIN, NULL) == 0)
		n->folder = steal(folder);
}

static bool exists(const struct wait *w)
{
	struct stat st;

	return stat(w->subject, &st) == 0;
}

static void look(struct wait *w)
{
	if (!exists(w)) {
		ask_for_notice(w, w->own);
		wait_see(w, "'%s' does not exist", w->subject);
		if (!exists(w)) { /* it may have come while the watch was set up */
			wait_again(w);
			return;
		}
	}
	wait_done(w, "", 0);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Append what is in a folder, in order, as far as it is few. */
static void list_folder(struct buf *out, DIR *d)
{
	char *names[LISTED_MAX] = {0};
	struct dirent *e;
	size_t n = 0, more = 0;

	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (n < ARRAY_SIZE(names))
			names[n++] = xstrdup(e->d_name);
		else
			more++;
	}
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++) {
		buf_adds(out, i ? ", " : "");
		text_clean(out, names[i], strlen(names[i]));
		free(names[i]);
	}
	buf_addf(out, n ? "" : "nothing");
	if (more)
		buf_addf(out, " and %zu more", more);
}

static void explain(const struct wait *w, struct buf *out)
{
	cleanup_free char *folder = nearest_folder(w->subject);
	char target[PATH_MAX] = "";
	DIR *d = opendir(folder);

	if (readlink(w->subject, target, sizeof(target) - 1) > 0)
		buf_addf(out, "it is a symbolic link to '%s', which is not there\n", target);
	if (!d)
		return;
	buf_addf(out, "what is in '%s': ", folder);
	list_folder(out, d);
	buf_addc(out, '\n');
	closedir(d);
}

static int prepare(struct wait *w, struct err *err)
{
	struct notice *n;

	if (w->subject[0] != '/')
		return err_set(err, "cannot wait for file '%s': the path is not absolute", w->subject);
	n = xcalloc(1, sizeof(*n));
	n->fd = -1;
	w->own = n;
	return 0;
}

static void drop(struct wait *w)
{
	stop_notice(w, w->own);
	free(w->own);
}

const struct wait_kind wait_file = {
	.prepare = prepare,
	.look = look,
	.explain = explain,
	.ask = wait_ask_services,
	.drop = drop,
	.pause_max = NS_PER_S,
};
