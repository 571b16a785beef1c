/* jobs.c - the commands that a test has spawned, which run on between its calls */
#include "world/jobs.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

/**
 * struct job - One of them
 * @ends:	Of the machine's life that it belongs to
 * @out:	What it wrote, of each stream
 * @unsent:	What it is to read
 * @on_way:	Bytes of that which were sent, and not taken yet
 * @ended:	It has; the next three say how
 * @why:	It could not be run, or was ended by us: the reason; NULL otherwise
 * @call:	That waits for it, or NULL
 */
struct job {
	struct machine *machine;
	unsigned ends;
	uint32_t request;
	struct buf out[2];
	struct buf unsent;
	size_t on_way;
	bool ended;
	uint32_t status, signal;
	uint64_t wall;
	char *why;
	struct call *call;
};

static bool has_machine(const struct job *j)
{
	return j->ends == j->machine->ends;
}

static bool is_running(const struct job *j)
{
	return !j->ended && has_machine(j);
}

void jobs_forget_call(struct call *c)
{
	if (c->job)
		c->job->call = NULL;
	c->job = NULL;
}

/* ---- answers to the script ---- */

/* Its machine may be off, or on again: the call has no better reason. */
static void answer_gone(struct call *c, const struct job *j)
{
	cleanup_free char *why =
		xasprintf("the job ended with its machine: '%s' was shut down, lost or restored since it was spawned",
			  j->machine->spec->name);

	call_answer(c, WIRE_FAILED, why);
}

static void answer_end(struct call *c, const struct job *j)
{
	for (int i = 0; i < 2; i++)
		call_output(c, i ? WIRE_STDERR : WIRE_STDOUT, buf_str(&j->out[i]), j->out[i].len);
	if (j->why)
		call_answer(c, WIRE_FAILED, j->why);
	else
		call_result(c, WIRE_OK, j->status, j->signal, j->wall, "");
}

/* What the call under way waits for may have come true. */
static void tell_call(struct job *j)
{
	struct call *c = j->call;

	if (!c)
		return;
	if (c->kind == WIRE_CALL_JOB_WAIT && j->ended)
		answer_end(c, j);
	else if (c->kind == WIRE_CALL_JOB_WRITE && j->ended)
		call_answer(c, WIRE_FAILED, "the job ended before it had read all of it");
	else if (c->kind == WIRE_CALL_JOB_WRITE && !j->unsent.len && !j->on_way)
		call_answer(c, WIRE_OK, "");
}

static void await(struct call *c, struct job *j)
{
	c->stage = CALL_JOB;
	c->job = j;
	j->call = c;
	tell_call(j);
}

/* ---- the agent's side ---- */

/* As much of what it is to read as its window lets through. */
static void send_input(struct job *j)
{
	while (j->unsent.len && j->on_way < WIRE_SHELL_WINDOW) {
		size_t room = WIRE_SHELL_WINDOW - j->on_way;
		size_t n = j->unsent.len < WIRE_CHUNK ? j->unsent.len : WIRE_CHUNK;
		size_t mark = wire_begin(machine_out(j->machine), WIRE_INPUT, j->request);

		n = n < room ? n : room;
		wire_put_bytes(machine_out(j->machine), j->unsent.data, n);
		buf_consume(&j->unsent, n);
		j->on_way += n;
		machine_send(j->machine, mark);
	}
}

static void take_output(struct job *j, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	uint8_t stream = wire_get_u8(&r);
	struct buf *out = &j->out[stream == WIRE_STDERR];
	size_t n, mark;
	const char *bytes = wire_get_bytes(&r, &n);

	if (j->why)
		return;
	if (out->len + n > WIRE_CALL_OUTPUT_MAX) {
		j->why = xstrdup("the job wrote more than 32 MiB to one stream; redirect it to a file in the guest");
		machine_cancel(j->machine, j->request, 0);
		return;
	}
	buf_add(out, bytes, n);
	mark = wire_begin(machine_out(j->machine), WIRE_TAKEN, j->request);
	wire_put_u32(machine_out(j->machine), (uint32_t)n);
	machine_send(j->machine, mark);
}

static void take_end(struct job *j, const struct frame *f)
{
	struct wire_reader r = wire_read(f);

	j->ended = true;
	if (f->type == WIRE_FAIL) {
		free(j->why);
		j->why = machine_failure(f);
		return;
	}
	j->status = wire_get_u32(&r);
	j->signal = wire_get_u32(&r);
	j->wall = wire_get_u64(&r);
}

static void agent_answer(void *arg, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	struct job *j = arg;
	uint32_t n;

	if (f->type == WIRE_OUTPUT) {
		take_output(j, f);
		return;
	}
	if (f->type == WIRE_TAKEN) {
		n = wire_get_u32(&r);
		j->on_way -= n < j->on_way ? n : j->on_way;
		send_input(j);
	} else {
		take_end(j, f);
	}
	tell_call(j);
}

/* ---- calls ---- */

void jobs_spawn(struct call *c)
{
	struct jobs *jobs = c->owner->jobs;
	struct machine *m = c->life->machine;
	struct job *j;
	size_t mark;

	if (jobs->n == JOBS_MAX) {
		call_answer(c, WIRE_REFUSED, "this test has spawned 1000 jobs: that is the limit");
		return;
	}
	j = xcalloc(1, sizeof(*j));
	*j = (struct job){.machine = m, .ends = m->ends};
	jobs->all = xrealloc(jobs->all, (jobs->n + 1) * sizeof(struct job *));
	jobs->all[jobs->n++] = j;
	mark = machine_request(m, WIRE_SPAWN, agent_answer, j, &j->request);
	wire_put_str(machine_out(m), c->first);
	machine_send(m, mark);
	call_result(c, WIRE_OK, (uint32_t)jobs->n, 0, 0, "");
}

/* Return: the job that a call is about; NULL after the answer when the script made its number up. */
static struct job *find(struct call *c)
{
	const struct jobs *jobs = c->owner->jobs;

	if (c->number && c->number <= jobs->n)
		return jobs->all[c->number - 1];
	call_answer(c, WIRE_REFUSED, "there is no such job");
	return NULL;
}

bool jobs_wait(struct call *c)
{
	struct job *j = find(c);

	if (j && !j->ended && !has_machine(j))
		answer_gone(c, j);
	else if (j)
		await(c, j);
	return true;
}

bool jobs_tell_running(struct call *c)
{
	const struct job *j = find(c);

	if (j)
		call_result(c, WIRE_OK, is_running(j), 0, 0, "");
	return true;
}

bool jobs_tell_output(struct call *c)
{
	const struct job *j = find(c);

	if (j) {
		call_output(c, WIRE_STDOUT, buf_str(&j->out[0]), j->out[0].len);
		call_answer(c, WIRE_OK, "");
	}
	return true;
}

/* Return: the job, if it can be spoken to; NULL after the answer otherwise. */
static struct job *find_running(struct call *c)
{
	struct job *j = find(c);

	if (!j || is_running(j))
		return j;
	if (j->ended)
		call_answer(c, WIRE_FAILED, j->why ? j->why : "the job has ended");
	else
		answer_gone(c, j);
	return NULL;
}

bool jobs_signal(struct call *c)
{
	struct job *j = find_running(c);
	size_t mark;

	if (!j)
		return true;
	mark = wire_begin(machine_out(j->machine), WIRE_SIGNAL, j->request);
	wire_put_u32(machine_out(j->machine), (uint32_t)strtoul(c->first, NULL, 10));
	machine_send(j->machine, mark);
	call_answer(c, WIRE_OK, "");
	return true;
}

bool jobs_write(struct call *c)
{
	struct job *j = find_running(c);

	if (!j)
		return true;
	buf_add(&j->unsent, c->second, c->second_len);
	send_input(j);
	await(c, j);
	return true;
}

bool jobs_close(struct call *c)
{
	struct job *j = find_running(c);
	size_t mark;

	if (!j)
		return true;
	mark = wire_begin(machine_out(j->machine), WIRE_INPUT, j->request);
	wire_put_bytes(machine_out(j->machine), "", 0);
	machine_send(j->machine, mark);
	call_answer(c, WIRE_OK, "");
	return true;
}

/* ---- life ---- */

void jobs_kill(struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->n; i++)
		if (is_running(jobs->all[i]) && jobs->all[i]->machine->state == MACHINE_UP)
			machine_cancel(jobs->all[i]->machine, jobs->all[i]->request, 0);
}

/* The agent knows nothing of it: it goes on with the requests that it had when it was saved. One that it has not means nothing. */
void jobs_restored(struct jobs *jobs, struct machine *m)
{
	for (size_t i = 0; i < jobs->n; i++)
		if (jobs->all[i]->machine == m && !has_machine(jobs->all[i]))
			machine_cancel(m, jobs->all[i]->request, 0);
}

void jobs_free(struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->n; i++) {
		struct job *j = jobs->all[i];

		buf_free(&j->out[0]);
		buf_free(&j->out[1]);
		buf_free(&j->unsent);
		free(j->why);
		free(j);
	}
	free(jobs->all);
	*jobs = (struct jobs){0};
}
