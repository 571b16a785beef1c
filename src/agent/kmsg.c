/* kmsg.c - reports among the kernel's messages: what they tell of, and which lines belong to one
 *
 * Theory of operation
 *
 * Only the kernel's own messages count: those that programs write to its log have
 * another facility, which the kernel sees to. A report is known by its first
 * line, and goes on until a mark of its end, the head of another, or until enough
 * of it is quoted: an oops and a warning end with "---[ end trace", what the
 * checkers of memory say with a line of "=", a lock's or a task's with its
 * backtrace. What a WARN() has to say comes in front of the line that tells it
 * from others, behind a mark of its own; what a BUG() is about is an error in front
 * of that mark: "usercopy: Kernel memory overwrite attempt detected ...".
 *
 * A record may have several lines: lockdep prints "\nbut task is already ...". In
 * /dev/kmsg what is not printable in ASCII stands as \x0a.
 *
 * What comes of a host that is slow or busy is no report: an RCU stall, which
 * emulated guests have when theirs stood still for 21 s. A soft lockup would be
 * the same, but says nothing unless a test turns that on (`nowatchdog`,
 * qemu/command.c).
 */
#include "agent/kmsg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/mem.h"
#include "base/text.h"

#define FOLLOW 25 /* lines of a report that are quoted, behind its first */
#define CHAIN  100 /* of lockdep's: who waits for whom stands at the end, behind a stack for each lock */
#define INTRO  3  /* lines of a message in front of one that is known */

#define CUT	  "------------[ cut here ]" /* CUT_HERE of asm-generic/bug.h */
#define END_TRACE "---[ end trace "	      /* print_oops_end_marker() of kernel/panic.c */
#define END_STACK " </TASK>"		      /* show_trace_log_lvl() of arch/x86/kernel/dumpstack.c, since Linux 5.16 */
#define RULE	  "===================="    /* of mm/kasan, kfence, slub; lib/ubsan until 6.8; in front of lockdep's, kernel/locking */

/* The first that fits counts. */
static const struct pattern {
	enum wire_health kind;
	bool at_start;
	const char *words, *more; /* both are in it, in this order */
} patterns[] = {
	/* arch/x86/kernel/traps.c: in front of what looks like an oops */
	{WIRE_HEALTH_COREDUMP, true, "traps: ", " ip:"},
	{WIRE_HEALTH_COREDUMP, false, "]: segfault at ", NULL},
	/* kernel/hung_task.c, watchdog.c, watchdog_hld.c, workqueue.c */
	{WIRE_HEALTH_HUNG, false, "INFO: task ", " blocked "},
	{WIRE_HEALTH_HUNG, false, "BUG: soft lockup - ", NULL},
	{WIRE_HEALTH_HUNG, false, "atchdog: ", "Watchdog detected hard LOCKUP"},
	{WIRE_HEALTH_HUNG, true, "BUG: workqueue lockup - ", NULL},
	/* mm/oom_kill.c; "Kill": before Linux 5.0 */
	{WIRE_HEALTH_OOM, false, "ut of memory", ": Killed process "},
	{WIRE_HEALTH_OOM, false, "ut of memory", ": Kill process "},
	{WIRE_HEALTH_OOM, true, "Out of memory and no killable processes", NULL},
	/* kernel/locking/lockdep.c, and rtmutex, debug_mutex; in brackets all that are older than Linux 4.12 */
	{WIRE_HEALTH_LOCKDEP, true, "WARNING: possible ", NULL},
	{WIRE_HEALTH_LOCKDEP, true, "INFO: possible ", NULL},
	{WIRE_HEALTH_LOCKDEP, true, "WARNING: ", "-unsafe lock order detected"},
	{WIRE_HEALTH_LOCKDEP, true, "WARNING: inconsistent lock state", NULL},
	{WIRE_HEALTH_LOCKDEP, true, "WARNING: suspicious RCU usage", NULL},
	{WIRE_HEALTH_LOCKDEP, true, "WARNING: bad unlock balance", NULL},
	{WIRE_HEALTH_LOCKDEP, true, "WARNING: bad contention detected", NULL},
	{WIRE_HEALTH_LOCKDEP, true, "WARNING: held lock", NULL},
	{WIRE_HEALTH_LOCKDEP, true, "WARNING: lock held when returning to user space", NULL},
	{WIRE_HEALTH_LOCKDEP, true, "WARNING: ", " still has locks held!"},
	{WIRE_HEALTH_LOCKDEP, true, "WARNING: Nested lock was not taken", NULL},
	{WIRE_HEALTH_LOCKDEP, true, "WARNING: chain_key collision", NULL},
	{WIRE_HEALTH_LOCKDEP, true, "INFO: trying to register non-static key", NULL},
	{WIRE_HEALTH_LOCKDEP, true, "BUG: MAX_", " too low!"},
	{WIRE_HEALTH_LOCKDEP, true, "[ BUG: ", " ]"},
	{WIRE_HEALTH_LOCKDEP, true, "[ INFO: ", " ]"},
	/* __warn() of kernel/panic.c, the second since Linux 6.19 */
	{WIRE_HEALTH_WARNING, true, "WARNING: CPU: ", " at "},
	{WIRE_HEALTH_WARNING, true, "WARNING: ", ", CPU#"},
	/* the rest of the kernel */
	{WIRE_HEALTH_OOPS, true, "BUG: ", NULL},
	{WIRE_HEALTH_OOPS, true, "BUG ", "ainted"}, /* mm/slub.c: "BUG kmalloc-64 (Not tainted): Right Redzone overwritten" */
	{WIRE_HEALTH_OOPS, true, "kernel BUG at ", NULL},
	{WIRE_HEALTH_OOPS, true, "Oops: ", NULL},
	{WIRE_HEALTH_OOPS, true, "general protection fault", NULL},
	{WIRE_HEALTH_OOPS, true, "Unable to handle kernel ", NULL},
	{WIRE_HEALTH_OOPS, true, "Internal error: Oops", NULL},
	{WIRE_HEALTH_OOPS, true, "UBSAN: ", NULL},
	{WIRE_HEALTH_OOPS, false, ": 0", " [#"}, /* a trap, before Linux 6.9: "invalid opcode: 0000 [#1] SMP" */
};

unsigned kmsg_kind(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		const struct pattern *p = &patterns[i];
		const char *at = p->at_start ? text_starts(text, p->words) ? text : NULL : strstr(text, p->words);

		if (at && (!p->more || strstr(at + strlen(p->words), p->more)))
			return p->kind;
	}
	return 0;
}

/* ---- from lines to reports ---- */

static void begin(struct kmsg *k, enum wire_health kind, const char *text)
{
	buf_clear(&k->text);
	if (k->intro_left)
		buf_adds(&k->text, buf_str(&k->intro));
	k->intro_left = 0;
	buf_adds(&k->text, text);
	k->kind = kind;
	k->lines = kind == WIRE_HEALTH_OOM || kind == WIRE_HEALTH_COREDUMP ? 0 : kind == WIRE_HEALTH_LOCKDEP ? CHAIN : FOLLOW;
}

/* A line that is none of a report, but may be the message of one: WARN(1, "...") says that first. */
static void take_other_line(struct kmsg *k, const char *text)
{
	if (text_starts(text, CUT)) {
		buf_clear(&k->intro);
		buf_adds(&k->intro, buf_str(&k->error));
		k->intro_left = INTRO;
	} else if (k->intro_left) {
		k->intro_left--;
		buf_addf(&k->intro, "%s\n", text);
	}
}

static bool is_last(enum wire_health kind, const char *text)
{
	return text_starts(text, END_TRACE) ||
		((kind == WIRE_HEALTH_LOCKDEP || kind == WIRE_HEALTH_HUNG) && text_starts(text, END_STACK));
}

/* A report brings lines that look like the head of another of its kind: an oops says what happened, and "Oops: " behind it. */
static void take_line(struct kmsg *k, const char *text)
{
	enum wire_health kind = kmsg_kind(text);

	if (k->kind && k->lines && (!kind || kind == k->kind) && !text_starts(text, CUT) && !text_starts(text, RULE) &&
	    k->text.len + strlen(text) < KMSG_REPORT_MAX) {
		buf_addf(&k->text, "\n%s", text);
		if (--k->lines == 0 || is_last(k->kind, text))
			kmsg_flush(k);
		return;
	}
	kmsg_flush(k);
	if (kind)
		begin(k, kind, text);
	else
		take_other_line(k, text);
}

/* Undo what /dev/kmsg does to what is not printable, in place. */
static void decode(char *text)
{
	char *out = text;

	for (const char *at = text; *at; at++) {
		unsigned c;

		if (at[0] == '\\' && at[1] == 'x' && sscanf(at + 2, "%2x", &c) == 1 && c) {
			*out++ = (char)c;
			at += 3;
		} else {
			*out++ = *at;
		}
	}
	*out = '\0';
}

void kmsg_record(struct kmsg *k, char *record)
{
	char *text = strchr(record, ';');
	unsigned long priority = strtoul(record, NULL, 10);
	char *line;

	if (!text || priority >> 3) /* another facility than the kernel's */
		return;
	text++;
	text[strcspn(text, "\n")] = '\0';
	decode(text);
	while ((line = strsep(&text, "\n"))) {
		if (!*line)
			continue;
		take_line(k, line);
		buf_clear(&k->error);
		if ((priority & 7) <= LOG_ERR && !k->kind)
			buf_addf(&k->error, "%s\n", line);
	}
}

void kmsg_flush(struct kmsg *k)
{
	if (k->kind)
		k->told(k->arg, k->kind, buf_str(&k->text));
	k->kind = 0;
}

void kmsg_free(struct kmsg *k)
{
	buf_free(&k->text);
	buf_free(&k->error);
	buf_free(&k->intro);
}
