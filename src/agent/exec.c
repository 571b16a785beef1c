/* exec.c - EXEC: a command whose output streams to the host */
#include "agent/exec.h"

#include <sys/wait.h>

#include "agent/child.h"
#include "base/mem.h"

struct exec {
	struct request request;
	struct child *child;
};

static void output(void *arg, enum wire_stream stream, const char *data, size_t n)
{
	struct exec *x = arg;

	agent_send_output(x->request.agent, x->request.id, stream, data, n);
}

void exec_send_exit(struct request *q, const struct child *c)
{
	struct buf *out = &q->agent->port.out;
	size_t mark = wire_begin(out, WIRE_EXIT, q->id);

	wire_put_u32(out, WIFEXITED(c->status) ? (uint32_t)WEXITSTATUS(c->status) : 0);
	wire_put_u32(out, WIFSIGNALED(c->status) ? (uint32_t)WTERMSIG(c->status) : 0);
	wire_put_u64(out, c->wall);
	wire_end(out, mark);
	port_send_now(&q->agent->port);
}

static void ended(void *arg, const struct child *c)
{
	struct exec *x = arg;

	exec_send_exit(&x->request, c);
	x->child = NULL;
	request_close(&x->request);
}

static const struct child_ops child_ops = {.output = output, .ended = ended};

/* The answer is the EXIT that the kill brings. */
static void cancel(struct request *q)
{
	child_kill(container_of(q, struct exec, request)->child);
}

static void drop(struct request *q)
{
	struct exec *x = container_of(q, struct exec, request);

	if (x->child)
		child_abandon(x->child);
	free(x);
}

static const struct request_ops exec_ops = {.cancel = cancel, .drop = drop};

void exec_handle(struct agent *a, uint32_t id, struct wire_reader *r)
{
	cleanup_free char *command = wire_get_str(r);
	struct err err = {0};
	struct exec *x;

	if (r->bad) {
		agent_send_fail(a, id, "malformed EXEC");
		return;
	}
	x = xcalloc(1, sizeof(*x));
	request_open(&x->request, a, id, &exec_ops);
	x->child = child_start(a, command, &child_ops, x, &err);
	if (!x->child)
		request_fail(&x->request, err.text);
}
