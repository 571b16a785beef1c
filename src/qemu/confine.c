/* confine.c - what QEMU is left with: variables, limits, system calls
 *
 * Theory of operation
 *
 * Whether -sandbox works cannot be read anywhere: QEMU's help names the option
 * in builds that lack it, and a build that has it fails where the kernel
 * refuses (some containers). So QEMU is run with it. `-cpu help` is the
 * question because QEMU answers it and ends right after the filter is
 * installed, before there is a machine: 20 ms. probe.h says how long the answer
 * holds.
 */
#include "qemu/confine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "qemu/probe.h"

#define SANDBOX		"sandbox" /* probe.h's name for it */
#define DESCRIPTORS_MAX 1024	  /* QEMU has some forty, and a few more a disk of `.qemu` */

const char confine_sandbox[] = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

static const struct proc_limit limits[] = {
	{RLIMIT_CORE, 0},
	{RLIMIT_NOFILE, DESCRIPTORS_MAX},
};

/* ---- the environment ---- */

/* A name, or with a '*' all names that begin so. */
static const char *const kept[] = {"PATH", "HOME", "TMPDIR", "TZ", "LANG", "LC_*", "LD_LIBRARY_PATH", "QEMU_*"};

static bool is_kept(const char *variable)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		size_t n = strcspn(kept[i], "*");

		if (strncmp(variable, kept[i], n) == 0 && (kept[i][n] == '*' || variable[n] == '='))
			return true;
	}
	return false;
}

char **confine_environment(char *const *from)
{
	size_t n = 0, all = 0;
	char **out;

	while (from[all])
		all++;
	out = xcalloc(all + 1, sizeof(*out));
	for (; *from; from++)
		if (is_kept(*from))
			out[n++] = *from;
	return out;
}

void confine_process(struct proc_spec *p, char *const *environment)
{
	p->envp = environment;
	p->limits = limits;
	p->nlimits = ARRAY_SIZE(limits);
}

/* ---- the sandbox ---- */

bool confine_sandbox_works(const char *state_dir, const char *qemu)
{
	char *argv[] = {(char *)qemu, "-sandbox", (char *)confine_sandbox, "-cpu", "help", NULL};

	struct proc_spec p = {.path = qemu, .argv = argv};
	cleanup_free char **environment = confine_environment(environ);

	confine_process(&p, environment);
	return probe_qemu(state_dir, SANDBOX, &p);
}

void confine_forget(const char *state_dir)
{
	probe_forget(state_dir, SANDBOX);
}
