/* wait_quiet.c - waiting until the guest has done what it was still about to do
 *
 * A machine that is to be saved is resumed many times, and whatever was put off
 * when it was saved is then done in every copy: a link that comes up late (the
 * kernel reports no more than one a second) sets all of IPv6 going. So: links
 * run, addresses are usable, and the processors are idle. Of a link that is
 * down, as all are in a template without an identity, nothing tells whether its
 * report is still to come: that second has to pass. It is only worth waiting
 * for, and never for long: a guest may be busy for ever.
 *
 * What every copy will want first is a shell: one is loaded then (spare.h), and
 * what its loading and our looks left to be freed is given time to be.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "agent/child.h"
#include "agent/net.h"
#include "agent/wait.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#define LOOK	   (100 * NS_PER_MS)
#define REST	   (200 * NS_PER_MS) /* some grace periods of RCU */
#define REPORT	   (1 * NS_PER_S)    /* of links, which the kernel makes so often */
#define LIMIT	   (5 * NS_PER_S)
#define BUSY_MAX   4		   /* one part in so many of the time between two looks */
#define TABLE_MAX  (1 << 20)	   /* bytes of a file in /proc */
#define TENTATIVE  0x40		   /* IFA_F_TENTATIVE */
#define CPU_FIELDS 8		   /* of /proc/stat's first line: user nice system idle iowait irq softirq steal */

struct quiet {
	uint64_t begin;
	unsigned long long total, idle; /* ticks, when it looked last */
	enum { RESTLESS, LOADING, RESTING } state;
};

static bool all_links_run(bool if_down)
{
	DIR *dir = opendir("/sys/class/net");
	struct dirent *e;
	bool run = true;

	while (dir && run && (e = readdir(dir)))
		run = e->d_name[0] == '.' || net_runs(e->d_name, if_down);
	if (dir)
		closedir(dir);
	return run;
}

/* Lines of proc(5)'s if_inet6: address, index, prefix length, scope, flags, name; hexadecimal. */
static bool all_addresses_usable(void)
{
	cleanup_buf struct buf table = {0};
	const char *line;
	size_t n;

	if (file_read("/proc/net/if_inet6", TABLE_MAX, &table, NULL) < 0)
		return true;
	for (const char *at = buf_str(&table); text_next_line(&at, &line, &n);) {
		for (int i = 0; i < 4; i++) {
			line += strcspn(line, " \n");
			line += *line == ' ';
		}
		if (strtoul(line, NULL, 16) & TENTATIVE)
			return false;
	}
	return true;
}

/* Over the time since the last call. */
static bool is_idle(struct quiet *q)
{
	cleanup_buf struct buf stat = {0};
	unsigned long long total = 0, idle = 0, n;
	bool result;
	const char *p;
	char *end;

	if (file_read("/proc/stat", TABLE_MAX, &stat, NULL) < 0)
		return true;
	p = buf_str(&stat) + strcspn(buf_str(&stat), " ");
	for (int i = 0; i < CPU_FIELDS; i++, p = end) {
		n = strtoull(p, &end, 10);
		total += n;
		idle += i == 3 || i == 4 ? n : 0;
	}
	n = total - q->total - (idle - q->idle);
	result = q->total && n * BUSY_MAX <= total - q->total;
	q->total = total;
	q->idle = idle;
	return result;
}

/* Return: whether nothing goes on, or no more is to be waited for. */
static bool is_quiet(struct quiet *q)
{
	bool idle = is_idle(q); /* every time: it measures from one look to the next */
	uint64_t passed = clock_now() - q->begin;

	return (idle && all_links_run(passed > REPORT) && all_addresses_usable()) || passed > LIMIT;
}

static void look(struct wait *w)
{
	struct agent *a = w->request.agent;
	struct quiet *q = w->own;

	w->pause = LOOK;
	switch (q->state) {
	case RESTLESS:
		if (is_quiet(q)) {
			q->state = LOADING;
			child_prepare(a); /* it ends by itself, however long it takes */
		}
		break;
	case LOADING:
		if (!child_preparing(a)) {
			q->state = RESTING;
			w->pause = REST;
		}
		break;
	case RESTING:
		wait_done(w, "", 0);
		return;
	}
	wait_again(w);
}

static int prepare(struct wait *w, struct err *err)
{
	struct quiet *q = xcalloc(1, sizeof(*q));

	(void)err;
	q->begin = clock_now();
	w->own = q;
	w->pause = LOOK;
	return 0;
}

static void drop(struct wait *w)
{
	free(w->own);
}

const struct wait_kind wait_quiet = {
	.prepare = prepare,
	.look = look,
	.drop = drop,
	.pause_max = REST,
};
