/* request.c - the requests that an agent has not answered yet */
#include "machine/request.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"

struct request {
	uint32_t id;
	enum wire_type type;
	request_frame_fn *answer;
	void *arg;
	struct request *next;
};

uint32_t requests_open(struct requests *r, enum wire_type type, request_frame_fn *answer, void *arg)
{
	struct request *q = xcalloc(1, sizeof(*q));

	*q = (struct request){.id = ++r->last_id, .type = type, .answer = answer, .arg = arg, .next = r->first};
	r->first = q;
	return q->id;
}

/* Return: the request, off the list, which the caller frees; NULL when it is not there. */
static struct request *take_off(struct requests *r, uint32_t id)
{
	struct request **at = &r->first;
	struct request *q;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	q = *at;
	if (q)
		*at = q->next;
	return q;
}

void requests_forget(struct requests *r, uint32_t id)
{
	free(take_off(r, id));
}

void requests_clear(struct requests *r)
{
	while (r->first)
		requests_forget(r, r->first->id);
}

static const struct request *find(const struct requests *r, uint32_t id)
{
	const struct request *q = r->first;

	while (q && q->id != id)
		q = q->next;
	return q;
}

/* Return: whether a frame of type @frame may answer a request of type @request. */
static bool answers(unsigned frame, enum wire_type request)
{
	if (frame == WIRE_OUTPUT)
		return request == WIRE_EXEC || request == WIRE_READ_FILE;
	return frame == WIRE_FAIL || frame == (request == WIRE_EXEC ? WIRE_EXIT : WIRE_DONE);
}

int requests_take(struct requests *r, const struct frame *f)
{
	const struct request *q = find(r, f->id);
	struct request last;

	if (f->type != WIRE_OUTPUT && f->type != WIRE_DONE && f->type != WIRE_FAIL && f->type != WIRE_EXIT)
		return -1;
	if (!q)
		return 0;
	if (!answers(f->type, q->type))
		return -1;
	last = *q;
	if (f->type != WIRE_OUTPUT)
		requests_forget(r, f->id);
	last.answer(last.arg, f);
	return 0;
}
