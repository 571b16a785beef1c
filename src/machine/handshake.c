/* handshake.c - the agent's side of a boot: hello, identity, ready
 *
 * A machine that is booted says HELLO first; one that is resumed from a
 * template goes on in the middle of its silence, so the world speaks first.
 * Either way CONFIGURE gives it the time, entropy that no other copy has, its
 * name and its addresses, before a test sees it.
 */
#include "machine/handshake.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/agent.h"

#define ENTROPY_BYTES 32
#define CLOCK_ERROR   (5 * NS_PER_MS) /* a guest's clock is behind by less than that, ... */
#define CLOCK_ROUNDS  10	      /* ... unless the host was too busy so many times */

static void ask_exec(struct machine *m, const char *command, request_frame_fn *answer)
{
	size_t mark = wire_begin(&m->agent.out, WIRE_EXEC, machine_request(m, answer, m));

	wire_put_str(&m->agent.out, command);
	wire_end(&m->agent.out, mark);
	link_flush(&m->agent);
}

/* Ask for a wait that needs no more than its kind. */
static void ask_wait(struct machine *m, enum wire_wait what, request_frame_fn *answer, void *arg)
{
	size_t mark = wire_begin(&m->agent.out, WIRE_WAIT, machine_request(m, answer, arg));

	wire_put_u8(&m->agent.out, (uint8_t)what);
	wire_put_str(&m->agent.out, "");
	wire_put_str(&m->agent.out, "");
	wire_put_u32(&m->agent.out, 0);
	wire_end(&m->agent.out, mark);
	link_flush(&m->agent);
}

/* ---- CONFIGURE ---- */

/* Start one; the rest of its fields are the caller's. */
static size_t begin_configure(struct machine *m, request_frame_fn *answer, const void *entropy, size_t n)
{
	struct buf *out = &m->agent.out;
	size_t mark = wire_begin(out, WIRE_CONFIGURE, machine_request(m, answer, m));

	m->told = clock_now();
	wire_put_u64(out, clock_wall());
	wire_put_bytes(out, entropy, n);
	return mark;
}

static void not_configured(struct machine *m, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	cleanup_free char *why = wire_get_str(&r);

	machine_fail(m, false, xasprintf("'%s' could not be configured: %s", m->spec->name, why));
}

/* ---- the clock ---- */

static void clock_answer(void *arg, const struct frame *f);

/* CONFIGURE again, with the time and nothing else. */
static void set_clock(struct machine *m)
{
	struct buf *out = &m->agent.out;
	size_t mark = begin_configure(m, clock_answer, "", 0);

	wire_put_u8(out, false);
	wire_put_str(out, "");
	wire_put_str(out, "");
	wire_put_u32(out, 0);
	wire_end(out, mark);
	link_flush(&m->agent);
}

/*
 * A clock that was set between two moments is behind by less than lies between
 * them. The first CONFIGURE after a resume takes 30 ms, because TCG translates
 * all that it runs through; the second takes 1 ms, and a third 0.2 ms.
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
		log_verbose("%s: its clock is right to %.1f ms", m->spec->name, (double)error / 1e6);
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
	ask_wait(m, WIRE_WAIT_QUIET, answer, arg);
}

static void quiet_answer(void *arg, const struct frame *f)
{
	(void)f; /* an agent that cannot tell is no reason not to go on */
	finish(arg);
}

static void rehearsed(void *arg, const struct frame *f)
{
	if (f->type != WIRE_OUTPUT)
		handshake_await_quiet(arg, quiet_answer, arg);
}

/*
 * UP; a machine that is about to be saved first does what every copy of it would
 * do. The rehearsal of a command leaves all that a shell runs in the guest's
 * memory; the one that waits in a copy (agent/spare.h) has not come so far. It
 * is little since there is one: a fiftieth of what a Debian copy translates.
 */
static void arrive(struct machine *m)
{
	if (m->memory.shared)
		ask_exec(m, "true", rehearsed);
	else
		finish(m);
}

/* ---- provision ---- */

/* Its output goes where the console's does: into the report, if it is needed. */
static void provision_answer(void *arg, const struct frame *f)
{
	struct machine *m = arg;
	struct wire_reader r = wire_read(f);
	uint32_t status, signal;
	const char *bytes;
	size_t n;

	if (f->type == WIRE_OUTPUT) {
		(void)wire_get_u8(&r);
		bytes = wire_get_bytes(&r, &n);
		console_feed(&m->console, bytes, n);
		return;
	}
	status = wire_get_u32(&r);
	signal = wire_get_u32(&r);
	if (f->type == WIRE_EXIT && !r.bad && !status && !signal)
		arrive(m);
	else
		machine_fail(m, false,
			     xasprintf("the .provision of '%s' failed with %s %u", m->spec->name,
				       signal ? "signal" : "exit status", signal ? signal : status));
}

static void provision(struct machine *m)
{
	ask_exec(m, m->spec->provision, provision_answer);
	/* It may install things: as long as one call may take, not as a boot. */
	loop_timer(m->loop, &m->deadline, clock_now() + (uint64_t)(m->world->call_timeout * 1e9));
}

/* ---- ready ---- */

static void ready_answer(void *arg, const struct frame *f)
{
	struct machine *m = arg;
	struct wire_reader r = wire_read(f);

	if (f->type == WIRE_DONE && m->spec->provision) {
		provision(m);
	} else if (f->type == WIRE_DONE) {
		arrive(m);
	} else if (f->type == WIRE_FAIL) {
		cleanup_free char *why = wire_get_str(&r);

		machine_fail(m, false, xasprintf("'%s' booted, but its init failed: %s", m->spec->name, why));
	}
}

static void configure_answer(void *arg, const struct frame *f)
{
	struct machine *m = arg;

	if (f->type != WIRE_DONE) {
		not_configured(m, f);
	} else if (m->memory.state) {
		arrive(m); /* what was saved was ready */
	} else {
		m->state = MACHINE_SETTLING;
		ask_wait(m, WIRE_WAIT_READY, ready_answer, m);
	}
}

/* Interfaces: each by the address that it has now, with those that it is to have. */
static void put_cards(struct machine *m, struct buf *out)
{
	wire_put_u32(out, (uint32_t)m->spec->nnets);
	for (size_t i = 0; i < m->spec->nnets; i++) {
		const struct net_spec *net = &m->world->nets[m->spec->nets[i]];
		char own[ADDRESS_TEXT], now[ADDRESS_TEXT], ip[ADDRESS_TEXT];

		address_mac(m->spec->nets[i], (int)m->index + 1, own);
		spec_generic_mac(i, now);
		address_ip(&net->subnet, (int)m->index + 1, 1, ip);
		wire_put_str(out, m->memory.state ? now : own);
		wire_put_str(out, m->memory.state ? own : "");
		wire_put_str(out, ip);
		wire_put_u32(out, (uint32_t)net->mtu);
	}
}

/*
 * Time and entropy are always new. The rest is left alone in a template in the
 * making, which is to have no identity, and in a machine that was saved with
 * its own: every line of the guest that is not run after a resume is time that
 * TCG does not spend translating it.
 */
static bool has_identity(const struct machine *m)
{
	return m->forging || (m->memory.state && !m->copied);
}

void handshake_configure(struct machine *m)
{
	struct buf *out = &m->agent.out;
	bool named = has_identity(m);
	cleanup_free char *hosts = named ? xstrdup("") : spec_hosts(m->world);
	unsigned char entropy[ENTROPY_BYTES] = {0};
	size_t mark;

	m->state = MACHINE_CONFIGURING;
	if (getrandom(entropy, sizeof(entropy), 0) < 0)
		log_line("cannot read random bytes: %s", strerror(errno));
	mark = begin_configure(m, configure_answer, entropy, sizeof(entropy));
	wire_put_u8(out, m->copied);
	wire_put_str(out, named ? "" : m->spec->hostname);
	wire_put_str(out, hosts);
	if (named)
		wire_put_u32(out, 0);
	else
		put_cards(m, out);
	wire_end(out, mark);
	link_flush(&m->agent);
}

void handshake_hello(struct machine *m, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	uint32_t version = wire_get_u32(&r);
	cleanup_free char *release = wire_get_str(&r);
	cleanup_free char *init = wire_get_str(&r);
	cleanup_free char *warnings = wire_get_str(&r);
	cleanup_buf struct buf clean = {0};

	if (r.bad) {
		machine_refuse(m, "malformed hello");
		return;
	}
	if (version != WIRE_VERSION) {
		machine_refuse(m, "it speaks another version of it");
		return;
	}
	text_clean(&clean, warnings, strlen(warnings));
	if (clean.len)
		log_line("%s: %s", m->spec->name, buf_str(&clean));
	log_verbose("%s: agent is up on Linux %s, init is '%s'", m->spec->name, release, init);
	if (m->state == MACHINE_BOOTING)
		handshake_configure(m);
}

