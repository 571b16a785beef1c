/* loss.h - why QEMU has ended, and whose fault that is */
#ifndef MACHINE_LOSS_H
#define MACHINE_LOSS_H

#include "machine/machine.h"

/**
 * struct loss_facts - What is known when QEMU has exited without having been asked to
 * @name:	The machine's
 * @state:	What the machine was doing
 * @panic:	A console line that told of a kernel panic, or NULL
 * @shutdown:	The reason of QMP's last SHUTDOWN event, or NULL
 * @refusal:	Why QEMU refused to load a state, or NULL
 * @status:	As waitpid(2) has it
 * @said:	The end of QEMU's stderr, or ""
 */
struct loss_facts {
	const char *name;
	enum machine_state state;
	const char *panic, *shutdown, *refusal;
	int status;
	const char *said;
};

/* Return: whose fault it is; @why is set to the most telling reason, which the caller frees. */
enum machine_loss loss_explain(const struct loss_facts *f, char **why);

#endif
