/* wait_unit.c - waiting for a systemd unit, and for the init's own "done"
 *
 * Theory of operation
 *
 * One call answers everything: ListUnitsByNames (systemd 230) gives, for each
 * name, load state, active state and the job that is queued for it. Besides the
 * unit we always ask for default.target: as long as that one has a job the boot
 * goes on, and a unit that is inactive without a job of its own may still be
 * started by a socket, a path or a device. After that, "inactive, no job" is
 * looked at once more after a moment (a job's end and the unit's next state are
 * two steps) and is then final: nobody is going to start it.
 *
 * Such a unit may have run and ended well, or have been skipped, or have waited for
 * a unit that failed. systemd forgets which of these: it unloads a unit that is
 * inactive and that no other refers to, and all properties with it. The journal
 * keeps the end of the unit's last job, so that is what tells (find_out()). A
 * oneshot without RemainAfterExit= is never active for longer than a moment: to
 * have run is all that it can do, so the wait for it comes true.
 *
 * A unit of a user is asked of that user's manager in the same way. There may be
 * none: it comes with the user's first session, and is waited for.
 *
 * That systemd answers at all means that default.target's job has been queued:
 * it does so before it enters its event loop.
 */
#include <string.h>
#include <unistd.h>

#include "agent/bus.h"
#include "agent/inquiry.h"
#include "agent/passwd.h"
#include "agent/run_level.h"
#include "agent/unit_facts.h"
#include "agent/wait.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#define UNIT_PAUSE_MAX (250 * NS_PER_MS)
#define IDLE_LOOKS     2	       /* "inactive, no job" in a row to be believed */
#define REPORT_TIME    (60 * NS_PER_S) /* for `systemctl` and `journalctl`: their answer decides, so a slow guest has its time */
#define DEFAULT_TARGET "default.target"

/* What systemd says of one unit; strings inside the reply. */
struct unit {
	const char *name, *load, *active, *sub;
	uint32_t job;
};

/**
 * struct question - The state of one wait
 * @idle:	How often in a row the unit was inactive without a job
 * @name:	The unit, with its suffix
 * @user, @uid:	Whose it is; "" and 0 for the system's
 * @wanted:	Its state, of UNIT_STATE and UNIT_IS
 * @verdict:	First line of the FAIL, once it is decided
 * @report:	What systemd and the journal say
 */
struct question {
	struct wait *wait;
	struct bus bus;
	int idle;
	char *name;
	const char *user;
	uid_t uid;
	char *wanted;
	struct buf verdict;
	struct inquiry report;
};

static const char *const suffixes[] = {".service", ".socket", ".target", ".timer", ".mount", ".device",
				       ".path", ".slice", ".scope", ".swap", ".automount"};

/* "nginx" is nginx.service, as for systemctl(1). */
static char *full_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (text_ends(name, suffixes[i]))
			return xstrdup(name);
	return xasprintf("%s.service", name);
}

/* ---- asking ---- */

/* The reply is a(ssssssouso): name, description, load, active, sub, followed, path, job, job type, job path. */
static size_t read_units(struct dbus_message *m, struct unit *units, size_t max)
{
	struct dbus_reader *r = &m->body;
	size_t end = dbus_get_array(r);
	size_t n = 0;

	while (n < max && dbus_get_struct(r, end)) {
		struct unit *u = &units[n++];

		u->name = dbus_get_string(r);
		dbus_get_string(r);
		u->load = dbus_get_string(r);
		u->active = dbus_get_string(r);
		u->sub = dbus_get_string(r);
		dbus_get_string(r);
		dbus_get_string(r);
		u->job = dbus_get_u32(r);
		dbus_get_string(r);
		dbus_get_string(r);
	}
	return r->bad ? 0 : n;
}

static void ask(struct question *q, const char *const *names, size_t n)
{
	cleanup_buf struct buf body = {0};

	dbus_put_strings(&body, names, n);
	if (bus_call(&q->bus, "ListUnitsByNames", "as", &body) < 0) {
		if (q->uid)
			wait_see(q->wait, "no systemd of user '%s' is there: a session of the user starts one, and so does "
				 "'loginctl enable-linger %s'", q->user, q->user);
		else
			wait_see(q->wait, "systemd does not answer yet");
		wait_again(q->wait);
	}
}

/* Return: whether there is no usable reply, and what follows has been arranged. */
static bool is_useless(struct question *q, struct dbus_message *reply)
{
	if (!reply) {
		wait_see(q->wait, "systemd does not answer");
		wait_again(q->wait);
		return true;
	}
	if (reply->type != DBUS_ERROR && !strcmp(reply->signature, "a(ssssssouso)"))
		return false;
	wait_fail(q->wait, "systemd refuses to tell about units: %s: %s", reply->error,
		  reply->signature[0] == 's' ? dbus_get_string(&reply->body) : "an answer of another form");
	return true;
}

/* ---- what takes a command ---- */

static void conclude(void *arg)
{
	struct question *q = arg;

	buf_addc(&q->verdict, '\n');
	text_clean(&q->verdict, buf_str(&q->report.text), q->report.text.len);
	wait_fail(q->wait, "%s", buf_str(&q->verdict));
}

/* Fail with q->verdict and what @command prints. */
static void fail_with_report(struct question *q, const char *command)
{
	wait_see(q->wait, "%s", buf_str(&q->verdict));
	inquiry_start(&q->report, q->wait->request.agent, command, REPORT_TIME, conclude, q);
}

/* For a shell: $unit is the unit, systemctl asks its manager, and the rest is as unit_facts.h has it. @id: the unit's name. */
static void begin_command(struct buf *command, const struct question *q, const char *id)
{
	buf_adds(command, "unit=");
	text_quote_shell(command, id);
	if (!q->uid) {
		buf_adds(command, " records=UNIT more= option=-u; ");
		return;
	}
	buf_addf(command, " records=USER_UNIT more=_UID=%u option=--user-unit; systemctl() { su -s /bin/sh -c "
		 "'export XDG_RUNTIME_DIR=/run/user/%u; exec systemctl --user \"$@\"' ", (unsigned)q->uid, (unsigned)q->uid);
	text_quote_shell(command, q->user);
	buf_adds(command, " -- sh \"$@\"; }; ");
}

/* Add the command that prints what an administrator would look at. */
static void add_status(struct buf *command, const struct question *q)
{
	buf_adds(command, "( exec 2>&1; ");
	begin_command(command, q, q->name);
	buf_adds(command, "systemctl status --no-pager --full -n 0 -- \"$unit\"; "
			  "journalctl --no-pager --quiet -b -n 20 $option \"$unit\" $more ); ");
}

/* q->verdict is decided. */
static void fail_unit(struct question *q)
{
	cleanup_buf struct buf command = {0};

	add_status(&command, q);
	fail_with_report(q, buf_str(&command));
}

/* ---- an inactive unit ---- */

static void judge(void *arg)
{
	struct question *q = arg;
	const char *facts = buf_str(&q->report.text);

	if (q->report.late) { /* half an answer is none: again, while the wait has time */
		wait_again(q->wait);
		return;
	}
	if (unit_facts_have_run(facts)) {
		wait_done(q->wait, "", 0);
		return;
	}
	buf_addf(&q->verdict, "unit '%s' ", q->name);
	unit_facts_explain(facts, &q->verdict);
	buf_addf(&q->verdict, "\n(wait_for_unit_state(\"%s\", \"active\") would wait for somebody to start it)", q->name);
	fail_unit(q);
}

/* Of a unit that is inactive, without a job: ask for what unit_facts.h reads. @id: as systemd calls it, which aliases share. */
static void find_out(struct question *q, const char *id)
{
	cleanup_buf struct buf command = {0};

	wait_see(q->wait, "unit '%s' is inactive and no job is queued that would start it", q->name);
	begin_command(&command, q, id);
	buf_adds(&command, "exec 2>/dev/null; " UNIT_FACTS_COMMAND);
	inquiry_start(&q->report, q->wait->request.agent, buf_str(&command), REPORT_TIME, judge, q);
}

/* ---- a unit ---- */

static void decide(struct question *q, const struct unit *u)
{
	if (!strcmp(u->load, "not-found"))
		buf_addf(&q->verdict, "unit '%s' does not exist", q->name);
	else if (!strcmp(u->load, "masked"))
		buf_addf(&q->verdict, "unit '%s' is masked", q->name);
	else if (!strcmp(u->active, "failed"))
		buf_addf(&q->verdict, "unit '%s' failed", q->name);
	if (q->verdict.len)
		fail_unit(q);
	else
		find_out(q, u->name);
}

/* The unit's state is another one than is wanted. */
static void compare(struct question *q, const struct unit *u)
{
	if (!strcmp(u->load, "not-found"))
		buf_addf(&q->verdict, "unit '%s' does not exist", q->name);
	else
		buf_addf(&q->verdict, "unit '%s' is %s (%s), not %s", q->name, u->active, u->sub, q->wanted);
	if (q->wait->what == WIRE_WAIT_UNIT_IS) {
		fail_unit(q);
		return;
	}
	wait_see(q->wait, "%s", buf_str(&q->verdict));
	buf_clear(&q->verdict);
	wait_again(q->wait);
}

static void unit_answered(void *arg, struct dbus_message *reply)
{
	struct question *q = arg;
	struct unit u[2];
	bool booting, failed;

	if (is_useless(q, reply))
		return;
	if (read_units(reply, u, 2) != 2) { /* systemd leaves out what cannot be a name */
		wait_fail(q->wait, "'%s' is not a valid unit name", q->name);
		return;
	}
	if (!strcmp(u[0].active, q->wanted) && (strcmp(u[0].load, "not-found") || q->wait->what == WIRE_WAIT_UNIT_STATE)) {
		wait_done(q->wait, "", 0);
		return;
	}
	if (q->wait->what != WIRE_WAIT_UNIT) {
		compare(q, &u[0]);
		return;
	}
	booting = u[1].job != 0;
	failed = !strcmp(u[0].active, "failed");
	if ((failed || (!strcmp(u[0].active, "inactive") && !booting)) && !u[0].job)
		q->idle++;
	else
		q->idle = 0;
	if (q->idle >= IDLE_LOOKS || (failed && q->idle)) {
		decide(q, &u[0]);
		return;
	}
	wait_see(q->wait, "unit '%s' is %s (%s)%s", q->name, u[0].active, u[0].sub,
		 u[0].job ? ", a job is queued" : booting ? ", the boot goes on" : "");
	wait_again(q->wait);
}

static void unit_look(struct wait *w)
{
	struct question *q = w->own;
	const char *names[] = {q->name, DEFAULT_TARGET};

	ask(q, names, ARRAY_SIZE(names));
}

static struct question *make_question(struct wait *w, uid_t uid, void (*answered)(void *arg, struct dbus_message *reply))
{
	struct question *q = xcalloc(1, sizeof(*q));

	q->wait = w;
	q->uid = uid;
	bus_init(&q->bus, &w->request.agent->loop, q->uid, answered, q);
	return q;
}

static bool has_systemd(const struct wait *w)
{
	return !strcmp(w->request.agent->init, "systemd");
}

/* Set @uid to that of @user, 0 without one. Return: 0, or -1 when there is none of that name. */
static int find_user(const char *user, uid_t *uid, struct err *err)
{
	cleanup_buf struct buf users = {0};

	*uid = 0;
	if (!*user)
		return 0;
	(void)file_read("/etc/passwd", PASSWD_MAX, &users, NULL);
	if (!passwd_find(buf_str(&users), user, uid))
		return err_set(err, "there is no user '%s' in /etc/passwd", user);
	return *uid ? 0 : err_set(err, "units of 'root' are asked for without a user: those are the system's");
}

static int unit_prepare(struct wait *w, struct err *err)
{
	size_t state = strcspn(w->address, "\n");
	const char *user = w->address + state + (w->address[state] == '\n');
	struct question *q;
	uid_t uid;

	if (!has_systemd(w)) {
		err_set(err, "cannot wait for unit '%s': init is '%s', not systemd", w->subject,
			w->request.agent->init);
		return err_hint(err, "wait for a port, a file or a command instead");
	}
	if (find_user(user, &uid, err) < 0)
		return -1;
	q = make_question(w, uid, unit_answered);
	q->name = full_name(w->subject);
	q->user = user;
	q->wanted = w->what == WIRE_WAIT_UNIT ? xstrdup("active") : xstrndup(w->address, state);
	w->own = q;
	return 0;
}

static void unit_ask(const struct wait *w, struct buf *command)
{
	add_status(command, w->own);
}

static void drop(struct wait *w)
{
	struct question *q = w->own;

	bus_close(&q->bus);
	inquiry_drop(&q->report);
	buf_free(&q->verdict);
	free(q->name);
	free(q->wanted);
	free(q);
}

const struct wait_kind wait_unit = {
	.prepare = unit_prepare,
	.look = unit_look,
	.ask = unit_ask,
	.drop = drop,
	.pause_max = UNIT_PAUSE_MAX,
};

/* ---- ready ---- */

/* systemd sets the name that it found in /etc/hostname, maybe the one before ours. */
static void ready(struct wait *w)
{
	const char *name = w->request.agent->hostname;

	if (name)
		(void)sethostname(name, strlen(name));
	wait_done(w, "", 0);
}

static bool is_active(const struct unit *u)
{
	return !strcmp(u->active, "active");
}

static void ready_answered(void *arg, struct dbus_message *reply)
{
	struct question *q = arg;
	struct unit u[4]; /* as ready_look() asks */
	size_t n;

	if (is_useless(q, reply))
		return;
	n = read_units(reply, u, 4);
	if (n < 3) {
		wait_fail(q->wait, "systemd does not tell about %s", DEFAULT_TARGET);
		return;
	}
	if (is_active(&u[0]) && (n < 4 || !u[3].job)) {
		ready(q->wait);
		return;
	}
	if (is_active(&u[0]) && n == 4) {
		wait_see(q->wait, "cloud-init is at work: %s is %s", u[3].name, u[3].active);
		wait_again(q->wait);
		return;
	}
	q->idle = u[0].job ? 0 : q->idle + 1;
	if (is_active(&u[1]) || is_active(&u[2]))
		buf_addf(&q->verdict, "the boot ended in %s, failed units:", is_active(&u[1]) ? u[1].name : u[2].name);
	else if (q->idle >= IDLE_LOOKS)
		buf_addf(&q->verdict, "the boot ended without %s (%s is %s), failed units:", DEFAULT_TARGET, u[0].name,
			 u[0].active);
	if (q->verdict.len) {
		fail_with_report(q, "systemctl list-units --failed --no-legend --no-pager --plain --full 2>&1");
		return;
	}
	wait_see(q->wait, "systemd is starting: %s is %s", u[0].name, u[0].active);
	wait_again(q->wait);
}

/* Of an init that tells nothing by itself. */
static void look_run_level(struct wait *w, bool (*is_reached)(struct buf *seen))
{
	struct question *q = w->own;
	cleanup_buf struct buf seen = {0};

	q->idle = is_reached(&seen) ? q->idle + 1 : 0;
	if (q->idle >= IDLE_LOOKS) {
		ready(w);
		return;
	}
	wait_see(w, "%s", buf_str(&seen));
	wait_again(w);
}

static void ready_look(struct wait *w)
{
	/* cloud-init's last part comes when the default target has been reached. */
	static const char *const names[] = {DEFAULT_TARGET, "rescue.target", "emergency.target", "cloud-final.service"};

	if (has_systemd(w))
		ask(w->own, names, ARRAY_SIZE(names) - (file_exists("/run/cloud-init/enabled") ? 0 : 1));
	else if (!strcmp(w->request.agent->init, "openrc"))
		look_run_level(w, run_level_openrc);
	else if (!strcmp(w->request.agent->init, "sysv"))
		look_run_level(w, run_level_sysv);
	else
		ready(w);
}

static int ready_prepare(struct wait *w, struct err *err)
{
	(void)err;
	w->own = make_question(w, 0, ready_answered);
	return 0;
}

const struct wait_kind wait_ready = {
	.prepare = ready_prepare,
	.look = ready_look,
	.drop = drop,
	.pause_max = UNIT_PAUSE_MAX,
};
