/* tpm.h - a machine's TPM: a swtpm of its own */
#ifndef MACHINE_TPM_H
#define MACHINE_TPM_H

#include <sys/types.h>

#include "base/err.h"
#include "qemu/command.h"

/**
 * struct tpm - A swtpm; .pidfd = -1 is none
 * @pid:	Its process, which dies with us
 */
struct tpm {
	pid_t pid;
	int pidfd;
};

/**
 * tpm_start() - Start one, without any state
 * @qemu:	QEMU's end of its control channel
 * @errors:	Where it says what is wrong
 *
 * Return: 0, or -1
 */
int tpm_start(struct tpm *t, enum tpm_kind kind, int qemu, int errors, struct err *err);

/* End it, if it runs. */
void tpm_stop(struct tpm *t);

/* Return: what to tell of a host without swtpm, or NULL. */
const char *tpm_missing(void);

#endif
