/* handshake.c - the agent's side of a boot: hello, identity, ready
 *
 * A machine that is booted says HELLO first; one that is resumed from a
 * template goes on in the middle of its silence, so the world speaks first.
 * Either way CONFIGURE gives it the time, entropy that no other copy has, its
 * name and its addresses, before a test sees it.
 */
#include "machine/handshake.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/host.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "machine/late.h"
#include "wire/agent.h"
#include "wire/ready.h"

#define ENTROPY_BYTES (32 + WIRE_GENERATION_BYTES)
#define REHEARSALS    5 /* of a machine that is going to be frozen: each links more of what is translated */
#define CLOCK_ERROR   (10 * NS_PER_MS) /* a guest's clock is behind by less than that, ... */
#define CLOCK_ROUNDS  10	      /* ... unless the host was too busy so many times */
#define WARNING_LINES 10	      /* of a HELLO that are passed on */
#define WARNING_BYTES 4096
#define LAST_WORDS_MS 2000 /* for the agent to ask systemd why the boot has not come to its end, ... */
#define LAST_WORDS_S  4	   /* ... and to tell; scaled */

static_assert(WARNING_BYTES <= WIRE_WARNINGS_MAX, "as much as may come");

static void ask_exec(struct machine *m, const char *command, request_frame_fn *answer)
{
	uint32_t id;
	size_t mark = machine_request(m, WIRE_EXEC, answer, m, &id);

	wire_put_str(machine_out(m), command);
	machine_send(m, mark);
}

/* Return: the number of the request. */
static uint32_t ask_wait(struct machine *m, struct ready what, request_frame_fn *answer, void *arg)
{
	uint32_t id;
	size_t mark = machine_request(m, WIRE_WAIT, answer, arg, &id);
	struct buf *out = machine_out(m);

	wire_put_u8(out, (uint8_t)what.what);
	wire_put_str(out, what.subject);
	wire_put_str(out, "");
	wire_put_u32(out, what.port);
	machine_send(m, mark);
	return id;
}

/* ---- CONFIGURE ---- */

/* Start one; the rest of its fields are the caller's. */
static size_t begin_configure(struct machine *m, request_frame_fn *answer, const void *entropy, size_t n)
{
	uint32_t id;
	size_t mark = machine_request(m, WIRE_CONFIGURE, answer, m, &id);
	struct buf *out = machine_out(m);

	m->told = clock_now();
	wire_put_u64(out, clock_wall());
	wire_put_bytes(out, entropy, n);
	return mark;
}

static void not_configured(struct machine *m, const struct frame *f)
{
	cleanup_free char *why = machine_failure(f);

	machine_fail(m, LOSS_GUEST, xasprintf("'%s' could not be configured: %s", m->spec->name, why));
}

/* ---- the clock ---- */

static void clock_answer(void *arg, const struct frame *f);

/* CONFIGURE again, with the time and nothing else. */
static void send_time(struct machine *m, request_frame_fn *answer)
{
	size_t mark = begin_configure(m, answer, "", 0);
	struct buf *out = machine_out(m);

	wire_put_u8(out, false);
	wire_put_str(out, "");
	wire_put_str(out, "");
	wire_put_u32(out, 0);
	machine_send(m, mark);
}

static void set_clock(struct machine *m)
{
	send_time(m, clock_answer);
}

static void time_told(void *arg, const struct frame *f)
{
	(void)arg; /* a clock that could not be set is no reason to lose the machine */
	(void)f;
}

void handshake_tell_time(struct machine *m)
{
	send_time(m, time_told);
}

/*
 * A clock that was set between two moments is behind by less than lies between
 * them. The first CONFIGURE after a resume takes 30 ms, because TCG translates
 * all that it runs through; the second takes 1 ms, and a third 0.2 ms. That of a
 * thawed machine was translated before it was frozen. Each tells systemd that the
 * clock was set, and it reckons all its timers anew: no more of them than are needed.
 */
static void clock_answer(void *arg, const struct frame *f)
{
	struct machine *m = arg;
	uint64_t error = clock_now() - m->told;

	if (f->type != WIRE_DONE) {
		not_configured(m, f);
	} else if (error > CLOCK_ERROR && ++m->clock_rounds < CLOCK_ROUNDS) {
		set_clock(m);
	} else {
		log_debug("%s: its clock is right to %.1f ms", m->spec->name, (double)error / 1e6);
		machine_be_up(m);
	}
}

/* Last of all: what ran since the first time may have set the clock, too (hwclock, systemd). */
static void finish(struct machine *m)
{
	m->clock_rounds = 0;
	set_clock(m);
}

/* ---- before a save ---- */

void handshake_await_quiet(struct machine *m, request_frame_fn *answer, void *arg)
{
	(void)ask_wait(m, (struct ready){.what = WIRE_WAIT_QUIET, .subject = ""}, answer, arg);
}

static void quiet_answer(void *arg, const struct frame *f)
{
	(void)f; /* an agent that cannot tell is no reason not to go on */
	finish(arg);
}

static void rehearsed(void *arg, const struct frame *f)
{
	struct machine *m = arg;

	if (f->type == WIRE_OUTPUT)
		return;
	if (m->origin.freezer && ++m->rehearsals < REHEARSALS)
		ask_exec(m, "true", rehearsed);
	else
		handshake_await_quiet(m, quiet_answer, m);
}

/*
 * The machine is UP, at last. One that copies begin from first does what
 * every copy of it would do: the rehearsal of a command leaves all that a shell
 * runs in the guest's memory. The shell that the agent keeps ready for a copy
 * (agent/spare.h) has not run that far. First of all the agent looks at how the
 * guest is, which is what every test ends with. The rehearsal saves a fiftieth of the
 * code that a Debian copy has to translate.
 */
static void arrived(void *arg, const struct frame *f)
{
	struct machine *m = arg;

	(void)f; /* an agent that cannot tell how the guest is is no reason not to go on */
	m->rehearsals = 0;
	if (m->origin.rehearse)
		ask_exec(m, "true", rehearsed);
	else
		finish(m);
}

static void arrive(struct machine *m)
{
	uint32_t id;
	size_t mark = machine_request(m, WIRE_HEALTH, arrived, m, &id);

	wire_put_u8(machine_out(m), 1);
	machine_send(m, mark);
}

/* ---- provision ---- */

/* Its output goes where the console's does: into the report, if it is needed. */
static void provision_answer(void *arg, const struct frame *f)
{
	struct machine *m = arg;
	struct wire_reader r = wire_read(f);

	if (f->type == WIRE_OUTPUT) {
		size_t n;
		const char *bytes;

		(void)wire_get_u8(&r);
		bytes = wire_get_bytes(&r, &n);
		console_feed(&m->console, bytes, n);
	} else if (f->type == WIRE_EXIT) {
		uint32_t status = wire_get_u32(&r), signal = wire_get_u32(&r);

		if (status || signal)
			machine_fail(m, LOSS_GUEST,
				     xasprintf("the .provision of '%s' failed with %s %u", m->spec->name,
					       signal ? "signal" : "exit status", signal ? signal : status));
		else
			arrive(m);
	} else {
		cleanup_free char *why = machine_failure(f);

		machine_fail(m, LOSS_GUEST, xasprintf("the .provision of '%s' could not be run: %s", m->spec->name, why));
	}
}

static void provision(struct machine *m)
{
	m->state = MACHINE_PROVISIONING;
	ask_exec(m, m->spec->provision, provision_answer);
	/* It may install things: as long as one call may take, not as a boot. */
	loop_timer(m->loop, &m->deadline, clock_now() + (uint64_t)(m->world->call_timeout * 1e9));
}

/* ---- ready ---- */

/* Return: what the machine's boot is to come to, in words that the caller frees. */
static char *ready_words(const struct machine *m)
{
	struct ready r = ready_read(m->spec->ready);
	const char *kind = r.what == WIRE_WAIT_UNIT ? "the unit" : r.what == WIRE_WAIT_FILE ? "the file" : "the command";

	if (r.what == WIRE_WAIT_READY)
		return xstrdup("its init");
	return r.what == WIRE_WAIT_PORT ? xasprintf("port %u (.ready)", r.port) : xasprintf("%s '%s' (.ready)", kind, r.subject);
}

bool handshake_ask_why(struct machine *m)
{
	if (m->unready)
		return false;
	m->unready = true;
	machine_cancel(m, m->ready, LAST_WORDS_MS);
	loop_timer(m->loop, &m->deadline, clock_now() + (uint64_t)(LAST_WORDS_S * m->world->accel->slow * 1e9));
	return true;
}

static void not_ready(struct machine *m, const char *why)
{
	cleanup_free char *what = ready_words(m);

	if (m->unready)
		machine_fail(m, LOSS_GUEST,
			     xasprintf("'%s' did not boot within %.0f s (VMTAP_BOOT_TIMEOUT) under %s: it was still waiting for "
				       "%s: %s", m->spec->name, late_limit(m), accel_names[m->world->accel->kind], what,
				       why));
	else if (m->spec->ready)
		machine_fail(m, LOSS_GUEST, xasprintf("'%s' booted, but %s failed: %s", m->spec->name, what, why));
	else
		machine_fail(m, LOSS_GUEST, xasprintf("'%s' booted, but its init failed: %s", m->spec->name, why));
}

static void ready_answer(void *arg, const struct frame *f)
{
	struct machine *m = arg;

	if (f->type == WIRE_DONE && m->spec->provision && !m->origin.again) {
		provision(m);
	} else if (f->type == WIRE_DONE) {
		arrive(m);
	} else if (f->type == WIRE_FAIL) {
		cleanup_free char *why = machine_failure(f);

		not_ready(m, why);
	}
}

static void configure_answer(void *arg, const struct frame *f)
{
	struct machine *m = arg;

	if (f->type != WIRE_DONE) {
		not_configured(m, f);
	} else if (machine_is_copy(m) && !m->origin.rehearse) {
		m->clock_rounds = 0;
		clock_answer(m, f); /* this one may have been fast enough */
	} else if (machine_is_copy(m)) {
		arrive(m); /* what was saved was ready */
	} else {
		m->state = MACHINE_SETTLING;
		m->ready = ask_wait(m, ready_read(m->spec->ready), ready_answer, m);
	}
}

/* Interfaces: each by the address that it has now, with those that it is to have. */
static void put_cards(struct machine *m, struct buf *out)
{
	bool generic = machine_is_copy(m) || m->origin.ram; /* as wiring.c has its command line */

	wire_put_u32(out, (uint32_t)m->spec->nnets);
	for (size_t i = 0; i < m->spec->nnets; i++) {
		const struct net_spec *net = &m->world->nets[m->spec->nets[i]];
		char own[ADDRESS_TEXT], now[ADDRESS_TEXT], ip[ADDRESS_TEXT], ip6[ADDRESS_TEXT];

		address_mac(m->spec->nets[i], (int)m->index + 1, own);
		spec_generic_mac(i, now);
		address_ip(&net->subnet, (int)m->index + 1, 1, ip);
		address_ip6(m->spec->nets[i], (int)m->index + 1, 1, ip6);
		wire_put_str(out, generic ? now : own);
		wire_put_str(out, generic ? own : "");
		wire_put_str(out, ip);
		wire_put_str(out, ip6);
		wire_put_u32(out, (uint32_t)net->mtu);
	}
}

/*
 * Time and entropy are always new. The rest is left alone in a template in the
 * making, which is to have no identity, and in a machine that was saved with
 * its own: every line of the guest that is not run after a resume is time that
 * TCG does not spend translating it.
 */
void handshake_configure(struct machine *m)
{
	bool tell = m->origin.identity == IDENTITY_FIRST || m->origin.identity == IDENTITY_RENEW;
	cleanup_free char *hosts = tell ? spec_hosts(m->world) : xstrdup("");
	unsigned char entropy[ENTROPY_BYTES] = {0};
	struct buf *out;
	size_t mark;

	m->state = MACHINE_CONFIGURING;
	if (host_random(entropy, sizeof(entropy)) < 0)
		log_line("cannot read random bytes: %s", strerror(errno));
	mark = begin_configure(m, configure_answer, entropy, sizeof(entropy));
	out = machine_out(m);
	wire_put_u8(out, m->origin.identity == IDENTITY_RENEW);
	wire_put_str(out, tell ? m->spec->hostname : "");
	wire_put_str(out, hosts);
	if (tell)
		put_cards(m, out);
	else
		wire_put_u32(out, 0);
	machine_send(m, mark);
}

/* ---- HELLO ---- */

/* What the agent warns of is the user's to know, as far as it is of a sane length. */
static void tell_warnings(const struct machine *m, const char *warnings)
{
	cleanup_buf struct buf clean = {0};
	const char *p;
	int lines = 0;

	text_clean(&clean, warnings, strnlen(warnings, WARNING_BYTES));
	for (p = buf_str(&clean); *p && lines < WARNING_LINES; lines++) {
		size_t n = strcspn(p, "\n");

		log_line("%s: %.*s", m->spec->name, (int)n, p);
		p += n + (p[n] == '\n');
	}
}

/*
 * An agent says HELLO once: when a booted machine's begins, or when a resumed
 * one's finds that the host's side of its port is another. Any other HELLO is
 * an agent that has forgotten what it was asked.
 */
static bool is_expected(struct machine *m)
{
	bool first = !m->greeted;

	m->greeted = true;
	return first && (machine_is_copy(m) ? m->state != MACHINE_UP : m->state == MACHINE_BOOTING);
}

void handshake_hello(struct machine *m, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	uint32_t version = wire_get_u32(&r);
	cleanup_free char *release = wire_get_str(&r);
	cleanup_free char *init = wire_get_str(&r);
	cleanup_free char *warnings = wire_get_str(&r);

	if (r.bad || strlen(warnings) > WIRE_WARNINGS_MAX) {
		machine_refuse(m, "malformed hello");
	} else if (version != WIRE_VERSION) {
		machine_refuse(m, "it is the agent of another version of vmtap");
	} else if (!is_expected(m)) {
		machine_refuse(m, "it started afresh in the middle of its work");
	} else if (m->state == MACHINE_BOOTING) {
		tell_warnings(m, warnings);
		log_verbose("%s: agent is up on Linux %.64s, init is '%.256s'", m->spec->name, release, init);
		handshake_configure(m);
	}
}
