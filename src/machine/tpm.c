/* tpm.c - a machine's TPM: a swtpm of its own
 *
 * Theory of operation
 *
 * QEMU has the registers of a TPM, and swtpm is what answers: the two speak
 * through a socket pair, so that there is no name for it in any folder. The
 * TPM's state is a file without a name, too (memfd_create(2)), and goes when
 * swtpm does; nothing is left behind, however a run ends.
 *
 * A saved machine has its TPM's state in its own: QEMU asks swtpm for it, and
 * gives it to the swtpm of a copy. A machine that is frozen would not have it,
 * so machines with a TPM are copied from templates instead (state/frozen.c).
 */
#include "machine/tpm.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/proc.h"
#include "qemu/confine.h"

#define SWTPM "swtpm"

/* Descriptors in swtpm. */
enum { CONTROL = 3, STATE = 4 };

const char *tpm_missing(void)
{
	cleanup_free char *path = proc_find(SWTPM);

	return path ? NULL : ".tpm needs swtpm, and there is none on this host\n"
			     "install it (package swtpm), or skip the test without it: .needs = \"tpm\"";
}

int tpm_start(struct tpm *t, enum tpm_kind kind, int qemu, int errors, struct err *err)
{
	cleanup_free char *path = proc_find(SWTPM);
	cleanup_free char *control = xasprintf("type=unixio,clientfd=%d", CONTROL);
	cleanup_free char *state_uri = xasprintf("backend-uri=file:///proc/self/fd/%d", STATE);
	char *argv[] = {SWTPM, "socket", "--ctrl", control, "--tpmstate", state_uri, kind == TPM_2_0 ? "--tpm2" : NULL, NULL};
	cleanup_free char **environment = confine_environment(environ);
	cleanup_fd int state = fd_memory("tpm");
	struct proc_spec p = {
		.path = path,
		.argv = argv,
		.envp = environment,
		.fds = {{errors, 2}, {qemu, CONTROL}, {state, STATE}},
		.nfds = 3,
	};

	if (!path)
		return err_set(err, "%s", tpm_missing());
	if (state < 0)
		return err_errno(err, "cannot make room for the state of a TPM");
	t->pid = proc_start(&p, &t->pidfd, err);
	return t->pid < 0 ? -1 : 0;
}

void tpm_stop(struct tpm *t)
{
	if (t->pidfd < 0)
		return;
	proc_end(t->pid, t->pidfd, NULL);
	fd_close(&t->pidfd);
}
