/* freezer.c - whether a QEMU can freeze its machine into a file */
#include "qemu/freezer.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <stdint.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/mem.h"
#include "qemu/confine.h"
#include "qemu/probe.h"

bool freezer_works(const char *state_dir, const char *qemu)
{
	char *argv[] = {(char *)qemu, "-thaw", "check=3", NULL}; /* the format of its files, FROZEN_VERSION */
	struct proc_spec p = {.path = qemu, .argv = argv};
	cleanup_free char **environment = confine_environment(environ);

	confine_process(&p, environment);
	return probe_qemu(state_dir, "freezer3", &p);
}

/* QEMU compares more of it (vendor/qemu/frozen.c). Instructions are asked, as /proc/cpuinfo takes 20 us a processor. */
void freezer_add_host(struct sha256 *key)
{
	struct utsname u = {0};

	uname(&u);
	sha256_add_str(key, u.release);
#if defined(__x86_64__)
	static const unsigned leaves[] = {1, 7, 0x80000001};

	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++) {
		uint32_t facts[4] = {0};

		if (!__get_cpuid_count(leaves[i], 0, &facts[0], &facts[1], &facts[2], &facts[3]))
			continue;
		facts[0] = 0; /* which processor of its kind */
		if (leaves[i] == 1)
			facts[1] = 0; /* which of the host's */
		sha256_add(key, facts, sizeof(facts));
	}
#endif
}
