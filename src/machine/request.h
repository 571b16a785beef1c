/* request.h - the requests that an agent has not answered yet */
#ifndef MACHINE_REQUEST_H
#define MACHINE_REQUEST_H

#include <stdint.h>

#include "wire/agent.h"
#include "wire/frame.h"

/*
 * One frame of a request's answer, of a type that answers such a request, with
 * the fields of that type (wire/agent.h): OUTPUT and TAKEN, any number of times,
 * then DONE, FAIL or EXIT. With that last one the request is over and forgotten.
 */
typedef void request_frame_fn(void *arg, const struct frame *f);

/* The list; `= {0}` is empty. */
struct requests {
	struct request *first;
	uint32_t last_id;
};

/* Return: the number of a new request of that type. */
uint32_t requests_open(struct requests *r, enum wire_type type, request_frame_fn *answer, void *arg);

/* Drop a request, if it is there, without a call. */
void requests_forget(struct requests *r, uint32_t id);

/* Drop all of them without a call. */
void requests_clear(struct requests *r);

/**
 * requests_take() - Give a frame to the request that it answers
 *
 * The tail of a request that was forgotten is dropped in silence, as long as it
 * is well-formed.
 *
 * Return: NULL, or in words which rule the frame breaks: it is no answer, none
 * to that request, or its fields are not what they should be
 */
const char *requests_take(struct requests *r, const struct frame *f);

#endif
