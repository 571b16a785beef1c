/* watching.c - calls that look at what a machine says until it is what the script waits for */
#include "world/watching.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define SHOWN_MAX 8192 /* bytes of what was seen, in a message */

bool watching_compile(struct call *c)
{
	char why[128];
	int r;

	c->regex = xcalloc(1, sizeof(*c->regex));
	r = regcomp(c->regex, c->first, REG_EXTENDED | REG_NOSUB | REG_NEWLINE);
	if (r == 0)
		return true;
	regerror(r, c->regex, why, sizeof(why));
	free(c->regex);
	c->regex = NULL;
	call_answer(c, WIRE_REFUSED, why);
	return false;
}

/* Answer with a text. */
static void tell(struct call *c, const char *text)
{
	call_output(c, WIRE_STDOUT, text, strlen(text));
	call_answer(c, WIRE_OK, "");
}

/* ---- the console, and QEMU's events ---- */

bool order_console_text(struct call *c)
{
	cleanup_free char *text = console_text(&c->life->machine->console);

	tell(c, text);
	return true;
}

void order_console_send(struct call *c)
{
	if (console_send(&c->life->machine->console, c->first, strlen(c->first), CONSOLE_OUT_MAX) == 0)
		call_answer(c, WIRE_OK, "");
	else
		call_answer(c, WIRE_FAILED, "the guest does not read its console: too much waits there already");
}

void order_console_wait(struct call *c)
{
	c->stage = CALL_WATCHING;
	if (watching_compile(c))
		watching_look(c);
}

void order_qmp_event(struct call *c)
{
	c->stage = CALL_WATCHING;
	watching_look(c);
}

void watching_look(struct call *c)
{
	struct machine *m = c->life->machine;
	cleanup_free char *found = c->kind == WIRE_CALL_QMP_EVENT ? events_take(&m->events, c->first, c->second)
								  : console_find(&m->console, c->regex);

	if (found)
		tell(c, found);
}

char *watching_for(const struct call *c)
{
	const struct machine *m = c->life->machine;
	cleanup_free char *all = c->kind == WIRE_CALL_QMP_EVENT ? events_names(&m->events) : console_text(&m->console);
	const char *last = text_tail(all, strlen(all), 1, SHOWN_MAX);

	if (c->kind == WIRE_CALL_QMP_EVENT)
		return xasprintf("no event of QEMU was like that; there were: %s", *all ? all : "none");

	if (!*all)
		return xstrdup("the console has said nothing");
	return xasprintf("no new line of the console matches; the last it said: %.*s", (int)strcspn(last, "\n"), last);
}

/* ---- virtual terminals ---- */

/* @known: sum of the text that was looked at, or "" */
static void ask(struct call *c, const char *known)
{
	struct machine *m = c->life->machine;
	size_t mark = call_ask(c, WIRE_WAIT);

	wire_put_u8(machine_out(m), WIRE_WAIT_TTY);
	wire_put_str(machine_out(m), known);
	wire_put_str(machine_out(m), "");
	wire_put_u32(machine_out(m), c->number);
	machine_send(m, mark);
}

void order_tty(struct call *c)
{
	bool waits = *c->first;

	if (!waits || watching_compile(c))
		ask(c, waits ? "0" : "");
}

bool watching_takes_tty(struct call *c, const char *text, size_t n)
{
	cleanup_buf struct buf clean = {0};
	char sum[WIRE_TEXT_SUM];

	if (!c->regex)
		return true;
	text_clean(&clean, text, n);
	if (regexec(c->regex, buf_str(&clean), 0, NULL, 0) == 0)
		return true;
	if (c->expired) { /* these were its last words */
		cleanup_free char *saw = xasprintf("%s: what tty%u shows does not match%s%.*s", c->expired, c->number, clean.len ? "\n" : ": nothing",
						   SHOWN_MAX, buf_str(&clean));

		call_answer(c, c->late, saw);
		return false;
	}
	wire_text_sum(text, n, sum);
	ask(c, sum);
	return false;
}
