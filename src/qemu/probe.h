/* probe.h - questions to a QEMU that its exit status answers, each asked once
 *
 * The answer holds for one file, as inode, size and time tell it from others,
 * until the host boots another kernel (remember.h), and as long as we are under
 * no filter of system calls, or some filter, ourselves, and may or may not
 * install one: a container on the same cache is asked anew. A script in front of QEMU is asked each time: what it
 * starts may change while the script does not.
 */
#ifndef QEMU_PROBE_H
#define QEMU_PROBE_H

#include <stdbool.h>

#include "base/proc.h"

#define PROBE_PATIENCE_MS 5000

/**
 * probe_qemu() - Tell whether QEMU ends well with these arguments
 * @state_dir:	Where the answer is remembered (may not exist)
 * @question:	The name under which it is
 * @p:		QEMU, its path absolute, with arguments that make it end by itself
 *
 * Waits for the answer, at most PROBE_PATIENCE_MS; none counts as "no".
 */
bool probe_qemu(const char *state_dir, const char *question, const struct proc_spec *p);

/* Let the next probe_qemu() ask again. */
void probe_forget(const char *state_dir, const char *question);

#endif
