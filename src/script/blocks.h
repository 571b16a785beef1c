/* blocks.h - the subtest() and within() blocks that the script is in */
#ifndef SCRIPT_BLOCKS_H
#define SCRIPT_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "script/types.h"

/* vmtap.h: vmtap_enter_subtest() and vmtap_enter_within(), the condition of the loop. Return: whether to go round. */
bool block_enter_subtest(struct vmtap_block *b);
bool block_enter_within(struct vmtap_block *b);

/* vmtap.h: vmtap_leave(), the cleanup of the loop's variable. */
void block_leave(struct vmtap_block *b);

/* Return: the deadline of the blocks that the script is in (CLOCK_MONOTONIC, ns), or CLOCK_NEVER. */
uint64_t blocks_deadline(void);

/* The script stood still for @ns: what the blocks that it is in may take is so much later. */
void blocks_put_off(uint64_t ns);

/* The test ends here: report the subtests that the script is in. */
void blocks_abandon(void);

/* Fail the within() whose deadline has passed. deadline.c makes the script call it, wherever the script is. */
_Noreturn void blocks_overdue(void);

#endif
