/* trees.c - PUT_TREE and GET_TREE: files and folders from and to the host, as records (wire/tree.h)
 *
 * A record that cannot be put is the end of the request; the rest is dropped as it
 * comes, and what was made so far stays. Reading goes on as long as the port takes it.
 */
#include "agent/trees.h"

#include "agent/child.h"
#include "base/mem.h"
#include "wire/tree.h"

/* One of @unpack and @pack is NULL. */
struct copy {
	struct request request;
	struct tree_unpack *unpack;
	struct tree_pack *pack;
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

static void acknowledge(struct request *q, size_t n)
{
	size_t mark = wire_begin(&q->agent->port.out, WIRE_TAKEN, q->id);

	wire_put_u32(&q->agent->port.out, (uint32_t)n);
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
		acknowledge(q, n);
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
		cleanup_buf struct buf record = {0};

		got = tree_pack_next(c->pack, &record, &err);
		if (got > 0)
			agent_send_output(q->agent, q->id, WIRE_STDOUT, record.data, record.len);
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
