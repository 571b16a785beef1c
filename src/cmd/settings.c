/* settings.c - where things are: the cache, the kit, QEMU, the factors of time */
#include "cmd/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "qemu/accel.h"
#include "qemu/arch.h"
#include "store/list.h"
#include "store/store.h"

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

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static char *find_store(enum store_place *place)
{
	const char *home = variable("HOME");

	*place = STORE_CHOSEN;
	if (variable("VMTAP_CACHE"))
		return xstrdup(variable("VMTAP_CACHE"));
	if (variable("XDG_CACHE_HOME"))
		return path_join(variable("XDG_CACHE_HOME"), "vmtap");
	if (home && access(home, W_OK) == 0)
		return path_join(home, ".cache/vmtap");
	*place = STORE_SHARED;
	return xasprintf("/tmp/vmtap-%u", (unsigned)geteuid());
}

/* ---- the kit ---- */

/* Return: the folder, or NULL with @missing set when there is something of that name that is no use. */
static char *try_kit(const char *name, const char *path, char **missing)
{
	char target[4096];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	cleanup_free char *link = NULL;
	int why;

	if (access(path, R_OK | X_OK) == 0 && file_is_folder(path))
		return xstrdup(path);
	why = file_exists(path) && !file_is_folder(path) ? ENOTDIR : errno;
	if (n >= 0) {
		target[n] = '\0';
		link = xasprintf(" -> '%s'", target);
	}
	*missing = xasprintf("%s '%s'%s: %s\nrun `make kit` in vmtap's source tree, or set VMTAP_KIT to a kit's folder "
			     "that this user can read",
			     name, path, link ? link : "", strerror(why));
	return NULL;
}

static void find_kit(struct settings *s)
{
	static const char *const beside[] = {"kit", "../share/vmtap/kit"};
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	cleanup_free char *dir = NULL;

	if (variable("VMTAP_KIT")) {
		s->kit = try_kit("VMTAP_KIT is", variable("VMTAP_KIT"), &s->kit_missing);
		return;
	}
	exe[n < 0 ? 0 : n] = '\0';
	dir = path_dir(exe);
	for (size_t i = 0; i < ARRAY_SIZE(beside) && !s->kit; i++) {
		cleanup_free char *kit = path_join(dir, beside[i]);
		struct stat st;

		if (lstat(kit, &st) == 0 && !s->kit_missing)
			s->kit = try_kit("cannot use the kit", kit, &s->kit_missing);
	}
	if (!s->kit && !s->kit_missing)
		s->kit_missing = xstrdup("cannot find the kit (kernel, modules and BusyBox of the default guest)\n"
					 "run `make kit` in vmtap's source tree, or set VMTAP_KIT to its folder");
}

/* ---- QEMU ---- */

/* A VMTAP_QEMU that cannot be run is an error, not a reason to look elsewhere. */
static int find_qemu(char **out, struct err *err)
{
	const char *wanted = variable("VMTAP_QEMU");
	bool is_folder = wanted && file_is_folder(wanted);

	errno = ENOENT;
	*out = is_folder ? NULL : proc_find(wanted ? wanted : arch_host()->qemu);
	if (!wanted || *out)
		return 0;
	err_set(err, "VMTAP_QEMU is '%s', which cannot be run: %s", wanted, strerror(is_folder ? EISDIR : errno));
	return err_hint(err, "set it to the path of a %s, or unset it to search the PATH", arch_host()->qemu);
}

static int find_boot_timeout(double *seconds, struct err *err)
{
	const char *text = variable("VMTAP_BOOT_TIMEOUT");
	char *end;

	if (!text)
		return 0;
	*seconds = strtod(text, &end);
	if (*end || !(*seconds > 0) || *seconds > 1e6)
		return err_set(err, "VMTAP_BOOT_TIMEOUT is '%s', not a number of seconds above 0", text);
	return 0;
}

static int find_frozen(bool *frozen, struct err *err)
{
	const char *text = variable("VMTAP_FROZEN");

	*frozen = !text || strcmp(text, "1") == 0;
	if (!*frozen && strcmp(text, "0") != 0)
		return err_set(err, "VMTAP_FROZEN is '%s', neither 0 nor 1", text);
	return 0;
}

int settings_read(struct settings *s, struct err *err)
{
	enum store_place place;
	uint64_t limit;

	*s = (struct settings){.store = find_store(&place)};
	find_kit(s);
	if (store_trust(s->store, place, err) < 0 || store_limit(s->store, &limit, err) < 0 ||
	    accel_check(NULL, err) < 0 || find_boot_timeout(&s->boot_timeout, err) < 0 || find_frozen(&s->frozen, err) < 0)
		return -1;
	return find_qemu(&s->qemu, err);
}
