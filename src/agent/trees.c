/* trees.c - PUT_TREE and GET_TREE: files and folders from and to the host, as records (wire/tree.h)
 *
 * A record that cannot be put is the end of the request; the rest is dropped as it
 * comes, and what was made so far stays. Reading goes on as long as the port takes it.
 */
#include "agent/trees.h"

#include "agent/child.h"
#include "base/mem.h"
#include "wire/tree.h"

#define ACKNOWLEDGE (WIRE_SHELL_WINDOW - WIRE_CHUNK) /* more bytes than that, and one more record, are what a TAKEN may say */

/* One of @unpack and @pack is NULL. @put: bytes of records that were put and not acknowledged */
struct copy {
	struct request request;
	struct tree_unpack *unpack;
	struct tree_pack *pack;
	size_t put;
};

static void cancel(struct request *q)
{
	request_fail(q, "the files were still on their way");
}

static void drop(struct request *q)
{
	struct copy *c = container_of(q, struct copy, request);

	tree_unpack_free(c->unpack);
	tree_pack_free(c->pack);
	free(c);
}

/* ---- from the host ---- */

static const struct request_ops put_ops = {.cancel = cancel, .drop = drop};

static struct copy *open_copy(struct agent *a, uint32_t id, const struct request_ops *ops)
{
	struct copy *c = xcalloc(1, sizeof(*c));

	request_open(&c->request, a, id, ops);
	return c;
}

static const char *path_fault(const struct wire_reader *r, const char *path)
{
	if (r->bad)
		return "malformed request for a tree";
	return path[0] == '/' ? NULL : "the path in the guest must be absolute";
}

void trees_handle_put(struct agent *a, uint32_t id, struct wire_reader *r)
{
	cleanup_free char *path = wire_get_str(r);
	struct copy *c = open_copy(a, id, &put_ops);
	const char *fault = path_fault(r, path);
	struct err err = {0};

	child_unprepare(a); /* it may be what a shell is loaded from */
	c->unpack = fault ? NULL : tree_unpack_open(path, false, &err);
	if (!c->unpack)
		request_fail(&c->request, fault ? fault : err.text);
}

/* One frame for several records: each is an exit to the hypervisor. */
static void acknowledge(struct copy *c, size_t n)
{
	struct request *q = &c->request;
	size_t mark;

	c->put += n;
	if (c->put <= ACKNOWLEDGE)
		return;
	mark = wire_begin(&q->agent->port.out, WIRE_TAKEN, q->id);
	wire_put_u32(&q->agent->port.out, (uint32_t)c->put);
	c->put = 0;
	wire_end(&q->agent->port.out, mark);
	port_send(&q->agent->port);
}

void trees_handle_record(struct agent *a, uint32_t id, struct wire_reader *r)
{
	struct request *q = request_find(a, id);
	struct copy *c = q && q->ops == &put_ops ? container_of(q, struct copy, request) : NULL;
	struct err err = {0};
	size_t n;
	const char *record = wire_get_bytes(r, &n);

	if (!c)
		return;
	if (r->bad)
		request_fail(q, "malformed RECORD");
	else if ((n ? tree_unpack_record(c->unpack, record, n, &err) : tree_unpack_end(c->unpack, &err)) < 0)
		request_fail(q, err.text);
	else if (n)
		acknowledge(c, n);
	else
		request_done(q, "", 0);
}

/* ---- to the host ---- */

static void pump(struct request *q)
{
	struct copy *c = container_of(q, struct copy, request);
	struct err err = {0};
	int got = 1;

	while (got > 0 && !q->agent->full) {
		size_t mark = agent_begin_output(q->agent, q->id, WIRE_STDOUT);

		got = tree_pack_next(c->pack, &q->agent->port.out, &err);
		if (got > 0)
			agent_end_output(q->agent, mark);
		else
			buf_cut(&q->agent->port.out, mark);
	}
	if (got < 0)
		request_fail(q, err.text);
	else if (got == 0)
		request_done(q, "", 0);
}

static const struct request_ops get_ops = {.cancel = cancel, .drop = drop, .resume = pump};

void trees_handle_get(struct agent *a, uint32_t id, struct wire_reader *r)
{
	cleanup_free char *path = wire_get_str(r);
	struct copy *c = open_copy(a, id, &get_ops);
	const char *fault = path_fault(r, path);
	struct err err = {0};

	c->pack = fault ? NULL : tree_pack_open(path, &err);
	if (c->pack)
		pump(&c->request);
	else
		request_fail(&c->request, fault ? fault : err.text);
}
