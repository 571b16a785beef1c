/* wait_quiet.c - waiting until the guest has done what it was still about to do
 *
 * A machine that is to be saved is resumed many times, and every copy does again
 * whatever the guest had put off when it was saved: a link that comes up late (the
 * kernel reports no more than one link a second) sets all of IPv6 going. So the
 * agent waits until links run, addresses are usable, and the processors are idle.
 * The kernel does not tell of a link that is down whether a report of it is still
 * to come, and in a template without an identity all links are down: the agent
 * then lets that second pass. Quiet only makes the copies faster, and a guest may
 * be busy for ever, so the agent waits no longer than LIMIT.
 *
 * When the guest is quiet the memory that is free is cleared (lean.h): it would be
 * part of what is saved. Every copy will first want a shell: the agent loads one
 * (spare.h). Then it gives the kernel time to free what the shell's loading and the
 * agent's own looks have left behind.
 */
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/child.h"
#include "agent/lean.h"
#include "agent/net.h"
#include "agent/root.h"
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
	enum { RESTLESS, CLEARING, LOADING, RESTING } state;
	pid_t lean; /* the child that is CLEARING, or 0 */
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

/* Return: whether the processors were idle since the last call. */
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

/* Return: whether nothing goes on in the guest, or the agent has waited long enough. */
static bool is_quiet(struct quiet *q)
{
	bool idle = is_idle(q); /* in every look: is_idle() measures from one call to the next */
	uint64_t passed = clock_now() - q->begin;

	return (idle && all_links_run(passed > REPORT) && all_addresses_usable()) || passed > LIMIT;
}

/* Return: whether the child that clears memory is gone, whoever has reaped it. */
static bool has_ended(struct quiet *q)
{
	if (q->lean > 0 && waitpid(q->lean, NULL, WNOHANG) == 0)
		return false;
	q->lean = 0;
	return true;
}

static void look(struct wait *w)
{
	struct agent *a = w->request.agent;
	struct quiet *q = w->own;

	w->pause = LOOK;
	switch (q->state) {
	case RESTLESS:
		if (is_quiet(q)) {
			if (root_is_on_disk())
				sync(); /* a copy whose power is cut has all that was there when it was saved */
			q->state = CLEARING;
			q->lean = lean_start();
		}
		break;
	case CLEARING:
		if (!has_ended(q))
			break;
		q->state = LOADING;
		child_prepare(a); /* the loading ends, well or badly, so LOADING needs no limit */
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
	struct quiet *q = w->own;

	if (q && q->lean > 0)
		kill(q->lean, SIGKILL);
	free(q);
}

const struct wait_kind wait_quiet = {
	.prepare = prepare,
	.look = look,
	.drop = drop,
	.pause_max = REST,
};
