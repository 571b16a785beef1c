/* blocks.h - the subtest() and within() blocks that the script is in */
#ifndef SCRIPT_BLOCKS_H
#define SCRIPT_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "script/types.h"

/* vmtap.h: vmtap_enter_subtest() and vmtap_enter_within(), the condition of the loop. Return: whether to go round. */
bool block_enter_subtest(struct vmtap_block *b);
bool block_enter_within(struct vmtap_block *b);

/* vmtap.h: vmtap_enter_retry(), vmtap_begin_again() and vmtap_enter_always(), likewise. */
bool block_enter_retry(struct vmtap_block *b);
bool block_begin_again(struct vmtap_block *b);
bool block_enter_always(struct vmtap_block *b);

/* vmtap.h: vmtap_poll_again() and vmtap_polled(), the condition of eventually() and what comes of it. */
bool block_poll_again(struct vmtap_block *b);
bool block_polled(int held, const struct vmtap_block *b, const char *condition);

/* vmtap.h: vmtap_leave(), the cleanup of the loop's variable. */
void block_leave(struct vmtap_block *b);

/* Return: the deadline of the blocks that the script is in (CLOCK_MONOTONIC, ns), or CLOCK_NEVER. */
uint64_t blocks_deadline(void);

/* The script stood still for @ns: what the blocks that it is in may take is so much later. */
void blocks_put_off(uint64_t ns);

/* Return: likewise of a call: no later than the end of the retry() that it is in. */
uint64_t blocks_call_deadline(void);

/* Something fails: does not return when it is in a retry() that has time left. */
void blocks_try_again(void);

/* A machine is about to be asked: what is to hold always must hold. */
void blocks_check(bool machine);

/* The test ends here: report the subtests that the script is in. */
void blocks_abandon(void);

/* Fail the within() whose deadline has passed. deadline.c makes the script call it, wherever the script is. */
_Noreturn void blocks_overdue(void);

#endif
