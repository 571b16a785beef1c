/* health.c - HEALTH: what has gone wrong in the guest that no command has told
 *
 * Theory of operation
 *
 * /dev/kmsg is read where the last look ended; a machine that is saved has read
 * it up to there, so a copy reads what is new. kmsg.c knows what of it counts.
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
#include "agent/kmsg.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"

#define CORES	     "/var/lib/systemd/coredump" /* coredump.conf(5) */
#define RECORD_MAX   8192  /* bytes of a record of /dev/kmsg (CONSOLE_EXT_LOG_MAX) */
#define RECORDS_MAX  20000 /* read at a time: a guest that writes faster than we read has no end */
#define FINDINGS_MAX 20	   /* kept of a kind: more say no more, and one that a test allows leaves room for the others */
#define KIND_BYTES   24576 /* of them */
#define KNOWN_MAX    65536 /* bytes of names that were told */

static_assert(WIRE_HEALTH_KINDS * (KIND_BYTES + 8 * FINDINGS_MAX) <= WIRE_DONE_MAX, "findings fit into a DONE");
static_assert(KMSG_REPORT_MAX <= KIND_BYTES, "... each of them");

/* What was found, in the form of the answer: u8 kind, str text, ... One agent is one process. */
static struct {
	struct buf found;
	unsigned total;
	struct {
		unsigned count;
		size_t bytes;
	} of[WIRE_HEALTH_KINDS];
	struct buf known; /* names that were told, each between newlines */
	struct kmsg log;
	int kmsg;
} health = {.kmsg = -1};

static void add(enum wire_health kind, const char *text)
{
	size_t n = strlen(text);

	if (health.of[kind].count >= FINDINGS_MAX || health.of[kind].bytes + n > KIND_BYTES)
		return;
	health.of[kind].count++;
	health.of[kind].bytes += n;
	health.total++;
	wire_put_u8(&health.found, (uint8_t)kind);
	wire_put_str(&health.found, text);
}

/* ---- the kernel ---- */

static void told(void *arg, enum wire_health kind, const char *text)
{
	(void)arg;
	add(kind, text);
}

static void read_kernel(void)
{
	char record[RECORD_MAX + 1];

	health.log.told = told;
	if (health.kmsg < 0)
		health.kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	for (unsigned i = 0; i < RECORDS_MAX && health.kmsg >= 0; i++) {
		ssize_t n = read(health.kmsg, record, RECORD_MAX);

		if (n < 0 && errno == EPIPE) /* what came in between was overwritten */
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		kmsg_record(&health.log, record);
	}
	kmsg_flush(&health.log);
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
	wire_put_u32(&out, health.total);
	buf_add(&out, buf_str(&health.found), health.found.len);
	buf_clear(&health.found);
	memset(health.of, 0, sizeof(health.of));
	health.total = 0;
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
