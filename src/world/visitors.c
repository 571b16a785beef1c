/* visitors.c - people at the machines of a world, each with a connection of their own */
#include "world/visitors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

/* @here: counts as there; @stays: also between calls. @gone: to be freed. */
struct visitor {
	struct visitors *all;
	struct link link;
	struct call_owner owner;
	struct call *call;
	bool here, stays, gone;
	struct visitor *next;
};

/* ---- who is there ---- */

/* See to it that what has changed is told, from the loop. */
static void note_change(struct visitors *v)
{
	loop_timer(v->loop, &v->soon, 0);
}

static void set_limit(struct visitors *v)
{
	bool limited = v->seconds > 0 && v->here == 0 && !v->dismissed;

	loop_timer(v->loop, &v->limit, limited ? clock_now() + (uint64_t)(v->seconds * NS_PER_S) : CLOCK_NEVER);
}

static void limit_passed(void *arg)
{
	struct visitors *v = arg;

	v->ended = true;
	note_change(v);
}

static void set_here(struct visitor *p, bool here)
{
	struct visitors *v = p->all;

	if (p->here == here)
		return;
	p->here = here;
	v->here += here ? 1 : (size_t)-1;
	set_limit(v);
	if (here && v->here == 1)
		v->arrived(v->arg);
	if (v->here == 0) {
		v->changed = true;
		note_change(v);
	}
}

static void free_visitor(struct visitor *p)
{
	if (p->call)
		call_abandon(p->call);
	link_stop(&p->link);
	p->all->count--;
	free(p);
}

/* Not while there is no descriptor for who knocks: the loop would not rest. */
static int await_knocks(struct visitors *v, struct err *err)
{
	return v->knocks.active ? 0 : loop_watch(v->loop, &v->knocks, v->door.fd, EPOLLIN, err);
}

static void free_gone(struct visitors *v)
{
	struct visitor **at = &v->first;

	while (*at) {
		struct visitor *p = *at;

		if (!p->gone) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		free_visitor(p);
	}
}

static void tell_change(void *arg)
{
	struct visitors *v = arg;

	free_gone(v);
	if (v->dismissed) {
		visitors_close(v);
	} else if (v->ended) {
		v->over(v->arg);
	} else if (v->changed) {
		v->changed = false;
		(void)await_knocks(v, NULL);
		v->left(v->arg);
	}
}

/* ---- what one of them says ---- */

static void call_done(void *arg, struct call *c)
{
	struct visitor *p = arg;

	(void)c;
	p->call = NULL;
	set_here(p, p->stays);
}

/* Return: whether nothing in a machine is needed for it. */
static bool only_looks(enum wire_call kind)
{
	return kind == WIRE_CALL_CONSOLE_TEXT || kind == WIRE_CALL_SCREENSHOT;
}

static void lose(struct visitor *p)
{
	p->gone = true;
	if (p->call)
		call_abandon(p->call);
	p->call = NULL;
	set_here(p, false);
	note_change(p->all);
}

static void begin_call(struct visitor *p, const struct frame *f)
{
	struct call *c = p->call ? NULL : call_begin(&p->owner, f, CLOCK_NEVER);

	if (!c || c->kind == WIRE_CALL_INTERACT) {
		if (c)
			call_drop(c);
		lose(p);
		return;
	}
	p->call = c;
	if (!only_looks(c->kind))
		set_here(p, true);
	call_go(c);
}

/* He and the script get an end each of a socket of their own, and no more is heard here of what they say. */
static void enter(struct visitor *p)
{
	const struct visitors *v = p->all;
	struct buf *out = &p->link.stream.out;
	cleanup_buf struct buf answer = {0};
	int fds[2] = {-1, -1};

	wire_end(&answer, wire_begin(&answer, WIRE_ENTER, 0));
	if (v->enter && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0 &&
	    (!v->enter(v->arg, fds[1]) || link_pass(&p->link, &answer, fds[0]) < 0))
		fd_close(&fds[0]);
	if (fds[0] < 0) {
		buf_add(out, answer.data, answer.len);
		link_flush(&p->link);
	}
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

static void frame(void *arg, const struct frame *f)
{
	struct visitor *p = arg;
	bool talks = f->type == WIRE_INPUT || f->type == WIRE_RESIZE || f->type == WIRE_TAKEN;

	if (p->gone)
		return;
	if (f->type == WIRE_CALL) {
		begin_call(p, f);
	} else if (talks && p->call) {
		call_relay(p->call, f);
	} else if (f->type == WIRE_INTERRUPT && p->call) {
		call_expire(p->call, "interrupted");
	} else if (f->type == WIRE_STAY) {
		p->stays = true;
		set_here(p, true);
	} else if (f->type == WIRE_ENTER) {
		enter(p);
	} else if (f->type == WIRE_DISMISS) {
		p->all->ended = true;
		note_change(p->all);
	}
}

static void lost(void *arg, const char *why)
{
	(void)why;
	lose(arg);
}

/* ---- coming in ---- */

static uint64_t seconds_left(const struct visitors *v)
{
	uint64_t now = clock_now();

	if (!v->limit.active)
		return UINT64_MAX;
	return v->limit.at > now ? (v->limit.at - now) / NS_PER_S : 0;
}

static void welcome(struct visitor *p)
{
	const struct visitors *v = p->all;
	const char *path = v->spec->visits.script;
	cleanup_free char *script = path ? realpath(path, NULL) : NULL;
	struct buf *out = &p->link.stream.out;
	size_t mark = wire_begin(out, WIRE_WELCOME, 0);

	wire_put_str(out, v->spec->visits.title);
	wire_put_str(out, v->place);
	wire_put_str(out, v->why);
	wire_put_u64(out, seconds_left(v));
	wire_put_u32(out, v->machine);
	wire_put_u32(out, (uint32_t)v->nlives);
	for (size_t i = 0; i < v->nlives; i++) {
		const struct machine *m = v->lives[i].machine;

		wire_put_str(out, m->spec->name);
		wire_put_str(out, m->paused ? "stopped" : m->asleep ? "asleep" : machine_state_name(m->state));
	}
	wire_put_str(out, script);
	wire_end(out, mark);
	link_flush(&p->link);
}

static void knocked(void *arg, uint32_t events)
{
	struct visitors *v = arg;
	int fd = door_accept(&v->door);
	struct visitor *p;

	(void)events;
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			loop_unwatch(v->loop, &v->knocks);
		return;
	}
	p = xcalloc(1, sizeof(*p));
	*p = (struct visitor){.all = v, .next = v->first};
	p->link = (struct link){.stream.out_max = CALL_OUT_MAX, .frame = frame, .lost = lost, .arg = p};
	p->owner = (struct call_owner){.loop = v->loop,
				       .script = &p->link,
				       .lives = v->lives,
				       .nlives = v->nlives,
				       .jobs = v->jobs,
				       .forwards = v->forwards,
				       .switches = v->switches,
				       .world = v->spec,
				       .grace = v->grace,
				       .done = call_done,
				       .arg = p};
	v->first = p;
	v->count++;
	if (link_start(&p->link, v->loop, fd, NULL) < 0 || v->count > VISITORS_MAX)
		lose(p);
	else
		welcome(p);
}

int visitors_open(struct visitors *v, const char *place, const char *why, unsigned machine, struct err *err)
{
	visitors_close(v); /* what was dismissed */
	if (door_open(&v->door, err) < 0)
		return -1;
	v->knocks = (struct watch){.fd = -1, .ready = knocked, .arg = v};
	v->limit = (struct timer){.expired = limit_passed, .arg = v};
	v->soon = (struct timer){.expired = tell_change, .arg = v};
	v->changed = v->ended = v->dismissed = false;
	v->place = xstrdup(place ? place : "");
	v->why = xstrdup(why);
	v->machine = machine;
	if (await_knocks(v, err) < 0) {
		visitors_close(v);
		return -1;
	}
	set_limit(v);
	return 0;
}

void visitors_machine_changed(struct visitors *v, struct machine *m)
{
	for (struct visitor *p = v->first; p; p = p->next)
		if (p->call)
			call_machine_changed(p->call, m);
}

void visitors_machine_heard(struct visitors *v, struct machine *m)
{
	for (struct visitor *p = v->first; p; p = p->next)
		if (p->call)
			call_machine_heard(p->call, m);
}

void visitors_dismiss(struct visitors *v)
{
	if (!v->door.path)
		return;
	v->dismissed = true;
	note_change(v);
}

void visitors_close(struct visitors *v)
{
	if (!v->door.path)
		return;
	v->dismissed = true; /* nobody is told */
	while (v->first) {
		struct visitor *p = v->first;

		v->first = p->next;
		p->here = false;
		free_visitor(p);
	}
	v->here = 0;
	loop_unwatch(v->loop, &v->knocks);
	door_close(&v->door);
	loop_timer(v->loop, &v->limit, CLOCK_NEVER);
	loop_timer(v->loop, &v->soon, CLOCK_NEVER);
	free(v->place);
	free(v->why);
	v->place = v->why = NULL;
}
