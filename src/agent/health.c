/* health.c - HEALTH: what has gone wrong in the guest that no command has told
 *
 * Theory of operation
 *
 * /dev/kmsg is read where the last look ended; a machine that is saved has read
 * it up to there, so a copy reads what is new. Only the kernel's own messages
 * count: those that programs write there have another facility, which the kernel
 * sees to. A report of several lines (an oops, a warning) is quoted with those
 * that follow it, up to the kernel's own mark of its end, and with what a WARN()
 * has to say, which comes in front of the line that tells it from others.
 *
 * Units that are failed, and core dumps that are there, when the machine has
 * just become ready are its image's business, and are not told. A unit that runs
 * again and fails again is told once.
 *
 * Rejected: `systemctl list-units` and `dmesg` for each test, which are 100 ms of
 * an emulated guest; this is one read(2) and one message of D-Bus.
 */
#include "agent/health.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/bus.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"

#define CORES	     "/var/lib/systemd/coredump" /* coredump.conf(5) */
#define RECORD_MAX   8192  /* bytes of a record of /dev/kmsg (CONSOLE_EXT_LOG_MAX) */
#define RECORDS_MAX  20000 /* read at a time: a guest that writes faster than we read has no end */
#define FOLLOW	     25	   /* lines of a report that are quoted */
#define INTRO	     3	   /* lines of a message in front of one that is known */
#define FINDINGS_MAX 20	   /* kept: more of a kind say no more */
#define FINDINGS_BYTES 65536
#define KNOWN_MAX    65536 /* bytes of names that were told */

static_assert(FINDINGS_BYTES + RECORD_MAX + 4096 <= WIRE_DONE_MAX, "findings fit into a DONE");

/* What was found, in the form of the answer: u8 kind, str text, ... One agent is one process. */
static struct {
	struct buf found;
	unsigned count;
	struct buf text;      /* of the kernel's report that is being read */
	unsigned kind, lines; /* of it; lines that may still follow */
	struct buf intro;     /* what was said since the kernel's mark of a report's begin */
	unsigned cut;	      /* lines of it that may still come */
	struct buf known;     /* names that were told, each between newlines */
	int kmsg;
} health = {.kmsg = -1};

static void add(enum wire_health kind, const char *text)
{
	if (health.count >= FINDINGS_MAX || health.found.len + strlen(text) > FINDINGS_BYTES)
		return;
	health.count++;
	wire_put_u8(&health.found, (uint8_t)kind);
	wire_put_str(&health.found, text);
}

/* ---- the kernel ---- */

static const struct pattern {
	enum wire_health kind;
	bool at_start;
	const char *words, *more; /* both are in it */
} patterns[] = {
	{WIRE_HEALTH_COREDUMP, true, "traps: ", NULL}, /* in front of what looks like an oops */
	{WIRE_HEALTH_COREDUMP, false, "]: segfault at ", NULL},
	{WIRE_HEALTH_HUNG, false, "INFO: task ", " blocked for more than "},
	{WIRE_HEALTH_OOM, false, "ut of memory: Killed process ", NULL},
	{WIRE_HEALTH_OOM, false, "ut of memory: Kill process ", NULL}, /* before Linux 5.0 */
	{WIRE_HEALTH_LOCKDEP, true, "WARNING: possible ", NULL},
	{WIRE_HEALTH_LOCKDEP, true, "INFO: possible ", NULL},
	{WIRE_HEALTH_LOCKDEP, true, "WARNING: inconsistent lock state", NULL},
	{WIRE_HEALTH_LOCKDEP, true, "WARNING: suspicious RCU usage", NULL},
	{WIRE_HEALTH_LOCKDEP, true, "WARNING: bad unlock balance", NULL},
	{WIRE_HEALTH_LOCKDEP, true, "WARNING: held lock", NULL},
	{WIRE_HEALTH_WARNING, true, "WARNING: CPU: ", " at "},
	{WIRE_HEALTH_WARNING, true, "WARNING: ", ".c:"}, /* Linux 6.16 */
	{WIRE_HEALTH_WARNING, true, "WARNING: ", ".h:"},
	{WIRE_HEALTH_OOPS, true, "BUG: ", NULL},
	{WIRE_HEALTH_OOPS, true, "kernel BUG at ", NULL},
	{WIRE_HEALTH_OOPS, true, "Oops: ", NULL},
	{WIRE_HEALTH_OOPS, true, "general protection fault", NULL},
	{WIRE_HEALTH_OOPS, true, "Unable to handle kernel ", NULL},
	{WIRE_HEALTH_OOPS, true, "Internal error: Oops", NULL},
	{WIRE_HEALTH_OOPS, true, "UBSAN: ", NULL},
	{WIRE_HEALTH_OOPS, false, ": 0", " [#"}, /* a trap, before Linux 6.9: "invalid opcode: 0000 [#1] SMP" */
};

unsigned health_kind(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		const struct pattern *p = &patterns[i];
		const char *at = p->at_start ? text_starts(text, p->words) ? text : NULL : strstr(text, p->words);

		if (at && (!p->more || strstr(at, p->more)))
			return p->kind;
	}
	return 0;
}

#define CUT "------------[ cut here ]" /* CUT_HERE of the kernel's asm-generic/bug.h */

static void end_report(void)
{
	if (health.kind)
		add((enum wire_health)health.kind, buf_str(&health.text));
	health.kind = 0;
}

/* A line that is none of a report, but may be the message of one: WARN(1, "...") says that first. */
static void take_other_line(const char *text)
{
	if (text_starts(text, CUT)) {
		buf_clear(&health.intro);
		health.cut = INTRO;
	} else if (health.cut) {
		health.cut--;
		buf_addf(&health.intro, "%s\n", text);
	}
}

/* A line of the kernel's. Its report goes on until its end or until it is long enough; an oops brings lines that look like others. */
static void take_line(const char *text)
{
	unsigned kind = health_kind(text);

	if (health.kind && health.lines && !text_starts(text, CUT)) {
		buf_addf(&health.text, "\n%s", text);
		if (--health.lines == 0 || text_starts(text, "---[ end trace "))
			end_report();
		return;
	}
	end_report();
	if (!kind) {
		take_other_line(text);
		return;
	}
	buf_clear(&health.text);
	if (health.cut)
		buf_adds(&health.text, buf_str(&health.intro));
	health.cut = 0;
	buf_adds(&health.text, text);
	health.kind = kind;
	health.lines = kind == WIRE_HEALTH_OOM || kind == WIRE_HEALTH_COREDUMP ? 0 : FOLLOW;
}

/* "PRIORITY,SEQUENCE,TIME,FLAGS;TEXT\n", and lines of its own that begin with a blank (Documentation/ABI/testing/dev-kmsg). */
static void take_record(char *record)
{
	char *text = strchr(record, ';');
	unsigned long priority = strtoul(record, NULL, 10);

	if (!text || priority >> 3) /* another facility than the kernel's */
		return;
	text++;
	text[strcspn(text, "\n")] = '\0';
	take_line(text);
}

static void read_kernel(void)
{
	char record[RECORD_MAX + 1];

	if (health.kmsg < 0)
		health.kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	for (unsigned i = 0; i < RECORDS_MAX && health.kmsg >= 0; i++) {
		ssize_t n = read(health.kmsg, record, RECORD_MAX);

		if (n < 0 && errno == EPIPE) /* what came in between was overwritten */
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		take_record(record);
	}
	end_report();
}

/* ---- names that are told once ---- */

/* Return: whether it was not known before. */
static bool is_new(const char *name)
{
	cleanup_free char *line = xasprintf("\n%s\n", name);

	if (strstr(buf_str(&health.known), line) || health.known.len + strlen(line) > KNOWN_MAX)
		return false;
	buf_adds(&health.known, line);
	return true;
}

static void read_cores(bool baseline)
{
	DIR *d = opendir(CORES);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		cleanup_free char *text = xasprintf("%s/%s", CORES, e->d_name);

		if (text_starts(e->d_name, "core.") && is_new(text) && !baseline)
			add(WIRE_HEALTH_COREDUMP, text);
	}
	if (d)
		closedir(d);
}

/* ---- the request ---- */

struct look {
	struct request request;
	struct bus bus;
	bool baseline;
};

static void answer(struct look *l)
{
	cleanup_buf struct buf out = {0};

	if (l->baseline) { /* what the kernel said is told later */
		request_done(&l->request, "", 0);
		return;
	}
	wire_put_u32(&out, health.count);
	buf_add(&out, buf_str(&health.found), health.found.len);
	buf_clear(&health.found);
	health.count = 0;
	request_done(&l->request, out.data, out.len);
}

/* The reply is a(ssssssouso), as of ListUnitsByNames: name, description, load, active, sub, followed, path, job, ... */
static void units_came(void *arg, struct dbus_message *reply)
{
	struct look *l = arg;
	struct dbus_reader *r = reply ? &reply->body : NULL;
	size_t end = reply && !strcmp(reply->signature, "a(ssssssouso)") ? dbus_get_array(r) : 0;

	while (r && dbus_get_struct(r, end)) {
		const char *name = dbus_get_string(r);
		cleanup_free char *text = xasprintf("%s: %s", name, dbus_get_string(r));

		for (int i = 0; i < 5; i++)
			dbus_get_string(r);
		dbus_get_u32(r);
		dbus_get_string(r);
		dbus_get_string(r);
		if (!r->bad && is_new(name) && !l->baseline)
			add(WIRE_HEALTH_UNITS, text);
	}
	answer(l);
}

static void cancel(struct request *q)
{
	request_fail(q, "systemd has not answered");
}

static void drop(struct request *q)
{
	struct look *l = container_of(q, struct look, request);

	bus_close(&l->bus);
	free(l);
}

static const struct request_ops ops = {.cancel = cancel, .drop = drop};

void health_handle(struct agent *a, uint32_t id, struct wire_reader *r)
{
	static const char *const failed[] = {"failed"};
	struct look *l = xcalloc(1, sizeof(*l));
	cleanup_buf struct buf body = {0};

	request_open(&l->request, a, id, &ops);
	bus_init(&l->bus, &a->loop, 0, units_came, l);
	l->bus.keep = true;
	l->baseline = wire_get_u8(r);
	read_kernel();
	read_cores(l->baseline);
	dbus_put_strings(&body, failed, 1);
	if (strcmp(a->init, "systemd") != 0 || bus_call(&l->bus, "ListUnitsFiltered", "as", &body) < 0)
		answer(l);
}
