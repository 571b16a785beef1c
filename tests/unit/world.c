/* world.c - frames over a socket, verdicts over a pipe, descriptions to addresses */
#include "unit.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "wire/agent.h"
#include "wire/link.h"
#include "world/world.h"

/* ---- link ---- */

struct meeting {
	struct loop loop;
	struct link link;
	int peer;
	int frames, lost;
	uint32_t last_id;
};

static void restart(struct meeting *m)
{
	int fds[2];

	link_stop(&m->link);
	fd_close(&m->peer);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	m->peer = fds[1];
	CHECK_INT(link_start(&m->link, &m->loop, fds[0], NULL), 0);
}

static void on_frame(void *arg, const struct frame *f)
{
	struct meeting *m = arg;

	m->frames++;
	m->last_id = f->id;
	if (f->type == WIRE_END)
		link_stop(&m->link);
	if (f->type == WIRE_CANCEL) /* as restore() does: another QEMU, another socket */
		restart(m);
}

static void on_lost(void *arg, const char *why)
{
	(void)why;
	((struct meeting *)arg)->lost++;
}

static void meet(struct meeting *m)
{
	struct err err = {0};
	int fds[2];

	*m = (struct meeting){.link = {.frame = on_frame, .lost = on_lost, .arg = m}};
	CHECK_INT(loop_init(&m->loop, &err), 0);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	m->peer = fds[1];
	CHECK_INT(link_start(&m->link, &m->loop, fds[0], &err), 0);
}

static void part(struct meeting *m)
{
	link_stop(&m->link);
	loop_free(&m->loop);
	fd_close(&m->peer);
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void run_once(struct meeting *m)
{
	struct timer t = {.expired = stop, .arg = &m->loop};
	struct err err = {0};

	loop_timer(&m->loop, &t, clock_now() + 2 * NS_PER_MS);
	CHECK_INT(loop_run(&m->loop, &err), 0);
}

TEST(link, frames_in_one_write_and_in_pieces)
{
	struct meeting m;
	cleanup_buf struct buf b = {0};

	meet(&m);
	wire_end(&b, wire_begin(&b, WIRE_PING, 1));
	wire_end(&b, wire_begin(&b, WIRE_PING, 2));
	CHECK_INT(fd_write_all(m.peer, b.data, b.len - 3), 0);
	run_once(&m);
	CHECK_INT(m.frames, 1);
	CHECK_INT(fd_write_all(m.peer, b.data + b.len - 3, 3), 0);
	run_once(&m);
	CHECK_INT(m.frames, 2);
	CHECK_INT(m.last_id, 2);
	part(&m);
}

TEST(link, garbage_and_a_closed_peer_lose_it_once)
{
	struct meeting m;

	meet(&m);
	CHECK_INT(fd_write_all(m.peer, "this is not a frame", 19), 0);
	run_once(&m);
	CHECK_INT(m.lost, 1);
	part(&m);
	meet(&m);
	fd_close(&m.peer);
	run_once(&m);
	run_once(&m);
	CHECK_INT(m.lost, 1);
	part(&m);
}

TEST(link, may_be_stopped_from_its_own_frame)
{
	struct meeting m;
	cleanup_buf struct buf b = {0};

	meet(&m);
	wire_end(&b, wire_begin(&b, WIRE_END, 1));
	wire_end(&b, wire_begin(&b, WIRE_PING, 2));
	CHECK_INT(fd_write_all(m.peer, b.data, b.len), 0);
	run_once(&m);
	CHECK_INT(m.frames, 1);
	part(&m);
}

TEST(link, may_be_started_anew_from_its_own_frame)
{
	struct meeting m;
	cleanup_buf struct buf b = {0};

	meet(&m);
	wire_end(&b, wire_begin(&b, WIRE_CANCEL, 1));
	wire_end(&b, wire_begin(&b, WIRE_PING, 2));
	CHECK_INT(fd_write_all(m.peer, b.data, b.len), 0);
	run_once(&m);
	CHECK_INT(m.frames, 1); /* what the old peer sent behind it is gone with it */
	buf_clear(&b);
	wire_end(&b, wire_begin(&b, WIRE_PING, 3));
	CHECK_INT(fd_write_all(m.peer, b.data, b.len), 0);
	run_once(&m);
	CHECK_INT(m.last_id, 3);
	CHECK_INT(m.lost, 0);
	part(&m);
}

/* ---- outcome ---- */

TEST(outcome, survives_the_pipe)
{
	struct world_outcome o = {.qemu_version = "7.2.22"}, back;
	cleanup_buf struct buf b = {0};

	o.result.verdict = VERDICT_FAILED;
	o.result.reason = xstrdup("no reply");
	o.result.infra = true;
	point_add_field(&o.result, "console", "a\nb");
	point_add_number(&o.result, "exit_status", 3);
	point_add_note(&o.result, "hello");
	world_outcome_encode(&o, &b);
	CHECK_INT(world_outcome_decode(&b, &back), 0);
	CHECK_INT(back.result.verdict, VERDICT_FAILED);
	CHECK_STR(back.result.reason, "no reply");
	CHECK(back.result.at == NULL && back.kvm_failed == NULL && back.result.infra);
	CHECK_STR(back.result.fields[0].value, "a\nb");
	CHECK(back.result.fields[1].number);
	CHECK_STR(back.result.notes[0], "hello");
	CHECK_STR(back.qemu_version, "7.2.22");
	world_outcome_free(&back);
	world_outcome_free(&o);
}

TEST(outcome, half_a_message_is_no_verdict)
{
	struct world_outcome o = {0}, back;
	cleanup_buf struct buf b = {0};

	point_add_field(&o.result, "console", "text");
	world_outcome_encode(&o, &b);
	while (b.len) {
		b.len--;
		CHECK_INT(world_outcome_decode(&b, &back), -1);
	}
	world_outcome_free(&o);
}

TEST(outcome, more_than_a_message_is_no_verdict)
{
	struct world_outcome o = {0}, back;
	cleanup_buf struct buf b = {0};

	world_outcome_encode(&o, &b);
	buf_addc(&b, 1);
	CHECK_INT(world_outcome_decode(&b, &back), -1);
}

TEST(outcome, subtests_survive_the_pipe)
{
	struct world_outcome o = {.came_up = true}, back;
	cleanup_buf struct buf b = {0};
	struct point *outer = point_add_subpoint(&o.result, "outer", VERDICT_FAILED);

	point_add_field(outer, "command", "false");
	point_add_subpoint(outer, "inner", VERDICT_SKIPPED);
	o.result.subpoints_at = 3;
	world_outcome_encode(&o, &b);
	world_outcome_free(&o);
	CHECK_INT(world_outcome_decode(&b, &back), 0);
	CHECK(back.came_up);
	CHECK_INT(back.result.subpoints_at, 3);
	CHECK_STR(back.result.subpoints[0].name, "outer");
	CHECK_STR(back.result.subpoints[0].fields[0].value, "false");
	CHECK_INT(back.result.subpoints[0].subpoints[0].verdict, VERDICT_SKIPPED);
	world_outcome_free(&back);
}

TEST(outcome, subtests_without_end_are_no_verdict)
{
	struct world_outcome o = {0}, back;
	cleanup_buf struct buf b = {0};
	struct point *at = &o.result;

	for (int i = 0; i <= POINT_DEPTH_MAX; i++)
		at = point_add_subpoint(at, "deeper", VERDICT_PASSED);
	world_outcome_encode(&o, &b);
	world_outcome_free(&o);
	CHECK_INT(world_outcome_decode(&b, &back), -1);
}

/* ---- spec ---- */

TEST(spec, hosts_name_every_machine_on_every_network)
{
	struct net_spec nets[2] = {{.name = "lan"}, {.name = "wan"}};
	struct machine_spec machines[2] = {
		{.name = "server", .hostname = "server", .nets = {0, 1}, .nnets = 2},
		{.name = "client", .hostname = "c", .nets = {1}, .nnets = 1},
	};
	struct spec w = {.machines = machines, .nmachines = 2, .nets = nets, .nnets = 2};
	cleanup_free char *hosts = NULL;

	address_subnet(NULL, 0, &nets[0].subnet, NULL);
	address_subnet(NULL, 1, &nets[1].subnet, NULL);
	hosts = spec_hosts(&w);
	CHECK_STR(hosts, "192.168.1.1 server server.lan\n192.168.2.1 server server.wan\n192.168.2.2 c c.wan client\n");
}

TEST(outcome, what_happened_comes_over_and_no_part_of_it_is_taken)
{
	struct world_outcome o = {.result.trace = trace_new()}, got;
	cleanup_buf struct buf b = {0};
	struct trace_event *e;

	trace_add_machine(o.result.trace, "web");
	o.result.trace->length = 12;
	e = trace_add(o.result.trace, TRACE_CALL, 5, 0, "web.succeed(\"x\")");
	e->culprit = e->ended = true;
	e->status = 3;
	e->length = 4;
	trace_set(o.result.trace, &e->place, "t.c:7");
	world_outcome_encode(&o, &b);
	CHECK_INT(world_outcome_decode(&b, &got), 0);
	CHECK_INT(got.result.trace->length, 12);
	e = &got.result.trace->events[0];
	CHECK_STR(e->text, "web.succeed(\"x\")");
	CHECK_STR(e->place, "t.c:7");
	CHECK(!e->reason && e->culprit && e->ended);
	CHECK_INT(e->status * 100 + (int)e->length * 10 + (int)e->at, 345);
	CHECK_STR(trace_machine(got.result.trace, e), "web");
	world_outcome_free(&got);
	while (b.len--)
		CHECK_INT(world_outcome_decode(&b, &got), -1);
	b.len = 0;
	world_outcome_free(&o);
}
