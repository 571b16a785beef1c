/* login.c - the last resort: the agent started by hand, at the console of a machine that boots from its own disk */
#include "machine/login.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "machine/machine.h"
#include "wire/boot.h"

#define TAIL_MAX 512 /* bytes: a prompt, and the kernel's lines that came between */

static const char name[] = "root\n";

/* A session at the console ends again: what was there is a login prompt. */
static const char command[] = BOOT_SEED_START "; exit\n";

static void type(struct login *l, const char *text, enum login_step step)
{
	buf_clear(&l->tail);
	l->step = step;
	(void)console_send(&l->machine->console, text, strlen(text), CONSOLE_OUT_MAX);
}

/* From the loop: an ear may not touch its console. */
static void act(void *arg)
{
	struct login *l = arg;

	if (l->step == LOGIN_PROMPTED) {
		type(l, command, LOGIN_STARTED);
		return;
	}
	log_line("%s: its agent was not started by cloud-init: logging in at its serial console as root",
		 l->machine->spec->name);
	type(l, name, LOGIN_NAMED);
}

static void act_in(struct login *l, double seconds, enum login_step step)
{
	l->step = step;
	loop_timer(l->machine->loop, &l->act, clock_now() + (uint64_t)(seconds * 1e9));
}

static bool has(struct login *l, const char *text)
{
	return strstr(buf_str(&l->tail), text) != NULL;
}

static void heard(void *arg, const char *bytes, size_t n)
{
	struct login *l = arg;

	for (size_t i = 0; i < n; i++)
		if (bytes[i])
			buf_addc(&l->tail, bytes[i]);
	if (l->tail.len > TAIL_MAX)
		buf_consume(&l->tail, l->tail.len - TAIL_MAX);
	if (l->step == LOGIN_WATCHES && has(l, "login: "))
		act_in(l, LOGIN_GRACE_S * l->machine->world->accel->slow, LOGIN_WAITS);
	else if (l->step == LOGIN_NAMED && has(l, "assword:"))
		l->step = LOGIN_REFUSED;
	else if (l->step == LOGIN_NAMED && has(l, "# "))
		act_in(l, 0, LOGIN_PROMPTED);
}

void login_begin(struct machine *m)
{
	struct login *l = &m->login;

	*l = (struct login){.machine = m, .ear = {.heard = heard, .arg = l}, .act = {.expired = act, .arg = l}};
	console_hear(&m->console, &l->ear);
}

void login_end(struct machine *m)
{
	struct login *l = &m->login;

	if (!l->machine)
		return;
	console_unhear(&m->console, &l->ear);
	loop_timer(m->loop, &l->act, CLOCK_NEVER);
	buf_free(&l->tail);
	l->machine = NULL;
}

static const char *const stories[] = {
	"neither has cloud-init started it, nor has its serial console asked for a login (does its kernel have console=ttyS0?)",
	"its serial console asks for a login, and cloud-init may still be at work",
	"cloud-init has not started it, and after root's name its serial console gave no prompt",
	"root has logged in at its serial console",
	"it was started by hand, at the serial console, which did not help: what does the console say?",
	"cloud-init has not started it, and its serial console wants root's password: has the disk cloud-init?",
};
static_assert(ARRAY_SIZE(stories) == LOGIN_STEPS, "a story for every step");

const char *login_story(const struct login *l)
{
	return stories[l->step];
}
