/* interact.h - a shell or a console in a machine, for a process that goes on when that is over */
#ifndef CMD_INTERACT_H
#define CMD_INTERACT_H

#include "cmd/relay.h"
#include "script/script.h"

/**
 * interact_init() - Make ready for what follows, in this process and those that it forks
 * @t:		The terminal, as it was; copied
 *
 * Return: whether it can be done
 */
bool interact_init(const struct terminal *t);

/* Return: whether a test has a terminal for a person. */
bool interact_is_ready(void);

/* Return: where a caller puts keys that it has read and that a shell is to have first; it takes back what is left there. */
struct relay_ahead *interact_ahead(void);

/*
 * interact_relay() - Run relay_run() in a process of its own, and wait for its end
 * @r:		Its @terminal and @result are set here
 * @fd:		The socket to the world, which blocks again afterwards
 *
 * Return: what became of it; its @over is 0 when the process was killed, and the world may wait for it then
 */
const struct relay_result *interact_relay(struct relay *r, int fd);

/* In a test, and at a prompt: script_interact_fn. The terminal goes back to the group that had it; or to this process's. */
void interact_in_test(unsigned machine, int call, int world);
void interact_at_prompt(unsigned machine, int call, int world);

#endif
