/* copies.c - files and folders between the host and a machine */
#include "world/copies.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "wire/tree.h"

#define COPY_WINDOW (1 << 20) /* bytes of records that the agent has not acknowledged */

/* One of @pack and @unpack is NULL. @on_way: bytes that were sent and not acknowledged; @complete: nothing more is sent */
struct copy {
	struct tree_pack *pack;
	struct tree_unpack *unpack;
	size_t on_way;
	bool complete;
};

void copies_end(struct call *c)
{
	if (!c->copy)
		return;
	tree_pack_free(c->copy->pack);
	tree_unpack_free(c->copy->unpack);
	free(c->copy);
	c->copy = NULL;
}

/* The host's side cannot go on. */
static void give_up(struct call *c, const struct err *err)
{
	machine_cancel(c->life->machine, c->request, 0);
	call_answer(c, WIRE_FAILED, err->text);
}

/* ---- into the machine ---- */

/* The next record, straight to where frames go; an empty one is the end. Return: 0, or -1 with @err. */
static int send_record(struct call *c, struct err *err)
{
	struct copy *y = c->copy;
	struct buf *out = machine_out(c->life->machine);
	size_t mark = wire_begin(out, WIRE_RECORD, c->request), record, n;
	int got;

	wire_put_u32(out, 0);
	record = out->len;
	got = tree_pack_next(y->pack, out, err);
	if (got < 0) {
		buf_cut(out, mark);
		return -1;
	}
	n = out->len - record;
	put_le32((uint8_t *)out->data + record - 4, (uint32_t)n);
	y->on_way += n;
	y->complete = got == 0;
	machine_send(c->life->machine, mark);
	return 0;
}

/* Return: 0, or -1 after the call has failed. */
static int send_records(struct call *c)
{
	struct copy *y = c->copy;
	struct err err = {0};

	while (!y->complete && y->on_way < COPY_WINDOW) {
		if (send_record(c, &err) < 0) {
			give_up(c, &err);
			return -1;
		}
	}
	return 0;
}

static void ask(struct call *c, enum wire_type type, const char *path)
{
	size_t mark = call_ask(c, type);

	wire_put_str(machine_out(c->life->machine), path);
	machine_send(c->life->machine, mark);
}

void copies_begin_in(struct call *c)
{
	struct err err = {0};
	struct tree_pack *pack = tree_pack_open(c->first, &err);

	if (!pack) {
		call_answer(c, WIRE_FAILED, err.text);
		return;
	}
	c->copy = xcalloc(1, sizeof(*c->copy));
	c->copy->pack = pack;
	ask(c, WIRE_PUT_TREE, c->second);
	send_records(c);
}

/* ---- out of the machine ---- */

void copies_begin_out(struct call *c)
{
	struct err err = {0};
	struct tree_unpack *unpack = tree_unpack_open(c->second, true, &err);

	if (!unpack) {
		call_answer(c, WIRE_FAILED, err.text);
		return;
	}
	c->copy = xcalloc(1, sizeof(*c->copy));
	c->copy->unpack = unpack;
	ask(c, WIRE_GET_TREE, c->first);
}

static void take_record(struct call *c, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	struct err err = {0};
	size_t n;
	const char *bytes;

	(void)wire_get_u8(&r);
	bytes = wire_get_bytes(&r, &n);
	if (tree_unpack_record(c->copy->unpack, bytes, n, &err) < 0)
		give_up(c, &err);
}

/* ---- both ---- */

/* A call whose time is over waits for no more than the agent's last words. */
bool copies_answer(struct call *c, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	struct err err = {0};
	size_t n;

	if (f->type == WIRE_OUTPUT && c->copy->unpack) {
		if (!c->expired)
			take_record(c, f);
		return true;
	}
	if (f->type == WIRE_TAKEN) {
		n = wire_get_u32(&r);
		c->copy->on_way -= n < c->copy->on_way ? n : c->copy->on_way;
		if (!c->expired)
			send_records(c);
		return true;
	}
	if (f->type != WIRE_DONE || !c->copy->unpack || tree_unpack_end(c->copy->unpack, &err) == 0)
		return false;
	call_answer(c, WIRE_FAILED, err.text);
	return true;
}
