/* call.h - the script's side of the conversation with the world */
#ifndef SCRIPT_CALL_H
#define SCRIPT_CALL_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "wire/frame.h"
#include "wire/script.h"

#define CALL_ARGUMENT_MAX 1000000 /* bytes of the arguments of a call together */

static_assert(CALL_ARGUMENT_MAX + 16384 <= WIRE_PAYLOAD_MAX, "a frame has room for the arguments, the call in words and the rest");

/**
 * struct answer - A WIRE_RESULT
 * @out, @err:	Kept until the test ends, with a NUL behind
 * @reason:	For the user, "" when all went well
 */
struct answer {
	enum wire_outcome outcome;
	int status, signal;
	double seconds;
	char *out, *err;
	size_t out_len, err_len;
	char *reason;
};

/**
 * struct question - A WIRE_CALL
 * @machine:	Its number
 * @first:	Argument, or NULL
 * @second:	Argument of @second_len bytes, or NULL
 * @told:	What people are told instead of @first, or NULL
 * @words:	The call as the script says it, for people
 * @may_time_out: WIRE_TIMED_OUT is an answer like any other, and no failure
 */
struct question {
	unsigned machine;
	enum wire_call call;
	const char *first, *told;
	const char *second;
	size_t second_len;
	uint32_t number;
	const char *words;
	bool may_time_out;
};

/**
 * call_world() - Ask the world and wait for its answer
 *
 * Blocks for as long as the world likes: deadlines are kept there. The
 * deadline of the innermost within() goes with the call. A world that is gone
 * ends the process with status 1.
 */
struct answer call_world(const struct question *q);

/*
 * The script has failed. Does not return when the test is to be kept for people: the process stands still until it is
 * killed, and lets them in (struct script_part). Returns at once where nothing is kept.
 */
void call_halt(void);

/* Send frames to the world. SIGALRM cannot cut them. */
void call_send(const struct buf *frames);

/* Called by the handler of SIGALRM. Return: whether a frame is being sent; call_send() then raises it again. */
int call_defer_alarm(void);

/*
 * Have the call under way answered at once, as if the test's time were over: for the handler of SIGINT. Return: whether
 * there is one.
 */
int call_interrupt(void);

#endif
