/* request.c - the requests that an agent has not answered yet */
#include "machine/request.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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
	bool fed = request == WIRE_SHELL || request == WIRE_SPAWN, runs = request == WIRE_EXEC || fed;

	if (frame == WIRE_OUTPUT)
		return runs || request == WIRE_READ_FILE || request == WIRE_GET_TREE || request == WIRE_CONNECT;
	if (frame == WIRE_TAKEN)
		return fed || request == WIRE_PUT_TREE || request == WIRE_CONNECT;
	return frame == WIRE_FAIL || frame == (runs ? WIRE_EXIT : WIRE_DONE);
}

static bool is_output(struct wire_reader *r)
{
	uint8_t stream = wire_get_u8(r);
	size_t n;

	wire_get_bytes(r, &n);
	return n <= WIRE_CHUNK && (stream == WIRE_STDOUT || stream == WIRE_STDERR);
}

static bool is_failure(struct wire_reader *r)
{
	size_t n;
	const char *reason = wire_get_bytes(r, &n);

	return n <= WIRE_REASON_MAX && !memchr(reason, '\0', n);
}

static bool is_result(struct wire_reader *r)
{
	size_t n;

	wire_get_bytes(r, &n);
	return n <= WIRE_DONE_MAX;
}

static bool is_exit(struct wire_reader *r)
{
	wire_get_u32(r);
	wire_get_u32(r);
	wire_get_u64(r);
	return true;
}

static bool is_taken(struct wire_reader *r)
{
	return wire_get_u32(r) <= WIRE_SHELL_WINDOW;
}

/* The frames that answer something, and whether their fields are good (that they are all there is seen in @bad). */
static const struct {
	enum wire_type type;
	bool (*is_good)(struct wire_reader *r);
	const char *fault;
} kinds[] = {
	{WIRE_OUTPUT, is_output, "malformed output"},
	{WIRE_EXIT, is_exit, "malformed exit"},
	{WIRE_TAKEN, is_taken, "malformed acknowledgement"},
	{WIRE_DONE, is_result, "malformed result"},
	{WIRE_FAIL, is_failure, "malformed failure"},
};

/* Return: what is wrong with a frame, whatever it answers, or NULL. */
static const char *find_fault(const struct frame *f)
{
	struct wire_reader r = wire_read(f);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].type == f->type)
			return kinds[i].is_good(&r) && !r.bad ? NULL : kinds[i].fault;
	return "it sent what is no answer";
}

const char *requests_take(struct requests *r, const struct frame *f)
{
	const struct request *q = find(r, f->id);
	const char *fault = find_fault(f);
	struct request last;

	if (fault || !q)
		return fault;
	if (!answers(f->type, q->type))
		return "it sent an answer of another kind than it was asked for";
	last = *q;
	if (f->type != WIRE_OUTPUT && f->type != WIRE_TAKEN)
		requests_forget(r, f->id);
	last.answer(last.arg, f);
	return NULL;
}
