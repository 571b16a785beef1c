/* settings.c - where things are: the cache, the kit, QEMU, the factors of time */
#include "cmd/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "qemu/arch.h"

const char *settings_no_qemu(void)
{
	static char text[256];
	const struct arch *a = arch_host();

	snprintf(text, sizeof(text),
		 "cannot find %s on the PATH\n"
		 "install it (Debian: apt-get install --no-install-recommends %s), or set VMTAP_QEMU to its path",
		 a->qemu, a->package);
	return text;
}

const char settings_no_kit[] = "cannot find the kit (kernel, modules and BusyBox of the default guest)\n"
			       "run `make kit` in vmtap's source tree, or set VMTAP_KIT to its folder";

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static char *find_store(void)
{
	const char *home = variable("HOME");

	if (variable("VMTAP_CACHE"))
		return xstrdup(variable("VMTAP_CACHE"));
	if (variable("XDG_CACHE_HOME"))
		return path_join(variable("XDG_CACHE_HOME"), "vmtap");
	if (home && access(home, W_OK) == 0)
		return path_join(home, ".cache/vmtap");
	return xasprintf("/tmp/vmtap-%u", (unsigned)getuid());
}

static char *find_kit(void)
{
	static const char *const beside[] = {"kit", "../share/vmtap/kit"};
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	cleanup_free char *dir = NULL;

	if (variable("VMTAP_KIT"))
		return xstrdup(variable("VMTAP_KIT"));
	exe[n < 0 ? 0 : n] = '\0';
	dir = path_dir(exe);
	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		cleanup_free char *kit = path_join(dir, beside[i]);

		if (file_exists(kit))
			return steal(kit);
	}
	return NULL;
}

/* A VMTAP_QEMU that cannot be run is an error, not a reason to look elsewhere. */
static int find_qemu(char **out, struct err *err)
{
	const char *wanted = variable("VMTAP_QEMU");

	*out = proc_find(wanted ? wanted : arch_host()->qemu);
	if (!wanted || *out)
		return 0;
	err_set(err, "VMTAP_QEMU is '%s', which cannot be run: %s", wanted, strerror(errno));
	return err_hint(err, "set it to the path of a %s, or unset it to search the PATH", arch_host()->qemu);
}

int settings_read(struct settings *s, struct err *err)
{
	const char *timeout = variable("VMTAP_BOOT_TIMEOUT");
	char *end;

	*s = (struct settings){.store = find_store(), .kit = find_kit()};
	if (timeout) {
		s->boot_timeout = strtod(timeout, &end);
		if (*end || !(s->boot_timeout > 0) || s->boot_timeout > 1e6)
			return err_set(err, "VMTAP_BOOT_TIMEOUT is '%s', not a number of seconds above 0",
				       timeout);
	}
	return find_qemu(&s->qemu, err);
}
