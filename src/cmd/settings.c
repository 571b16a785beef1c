/* settings.c - where things are: the cache, the kit, QEMU, the factors of time */
#include "cmd/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "qemu/accel.h"
#include "qemu/arch.h"
#include "store/list.h"
#include "store/store.h"

#define KIT_KERNEL "kit/vmlinuz" /* in a bundle that has a kit */

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

/* The folder that the program is in; the caller frees it. */
static char *find_own_folder(void)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	exe[n < 0 ? 0 : n] = '\0';
	return path_dir(exe);
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
	cleanup_free char *dir = NULL;

	if (variable("VMTAP_KIT")) {
		s->kit = try_kit("VMTAP_KIT is", variable("VMTAP_KIT"), &s->kit_missing);
		return;
	}
	if (bundle_find(&s->bundle, KIT_KERNEL))
		return;
	dir = find_own_folder();
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

/* QEMU's path in a bundle, and in a folder beside the binary; the caller frees it. */
static char *qemu_path(void)
{
	return path_join("qemu", arch_host()->qemu);
}

static char *find_qemu_beside(void)
{
	static const char *const beside[] = {"", "../share/vmtap"};
	cleanup_free char *dir = find_own_folder(), *name = qemu_path();

	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		cleanup_free char *folder = path_join(dir, beside[i]), *path = path_join(folder, name);

		if (access(path, X_OK) == 0 && !file_is_folder(path))
			return steal(path);
	}
	return NULL;
}

/* A VMTAP_QEMU that cannot be run is an error, not a reason to look elsewhere. */
static int find_qemu(struct settings *s, struct err *err)
{
	const char *wanted = variable("VMTAP_QEMU");
	bool is_folder = wanted && file_is_folder(wanted);
	cleanup_free char *inner = qemu_path();

	s->qemu_missing = xasprintf(
		"cannot find %s on the PATH\n"
		"install it (Debian: apt-get install --no-install-recommends %s), or set VMTAP_QEMU to its path",
		arch_host()->qemu, arch_host()->package);
	if (!wanted && bundle_find(&s->bundle, inner))
		return 0;
	if (!wanted)
		s->qemu = find_qemu_beside();
	errno = ENOENT;
	if (!s->qemu && !is_folder)
		s->qemu = proc_find(wanted ? wanted : arch_host()->qemu);
	if (!wanted || s->qemu)
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

	*s = (struct settings){.store = find_store(&place), .bundle = {.fd = -1}};
	if (bundle_is_self() && bundle_open_self(&s->bundle, err) < 0) {
		s->damaged = true;
		return -1;
	}
	find_kit(s);
	if (store_trust(s->store, place, err) < 0 || store_limit(s->store, &limit, err) < 0 ||
	    accel_check(NULL, err) < 0 || find_boot_timeout(&s->boot_timeout, err) < 0 || find_frozen(&s->frozen, err) < 0)
		return -1;
	return find_qemu(s, err);
}

/* ---- from a bundle ---- */

/* What can be executed on a file system is its mount's to say. Return: 0, or -1. */
static int check_runs(const struct settings *s, const char *qemu, struct err *err)
{
	struct statvfs fs;

	if (access(qemu, X_OK) == 0)
		return 0;
	if (statvfs(qemu, &fs) < 0 || !(fs.f_flag & ST_NOEXEC))
		return err_errno(err, "cannot run '%s'", qemu);
	err_set(err, "cannot run QEMU from the cache '%s': no program may run on its file system (it is mounted noexec)",
		s->store);
	return err_hint(err, "set VMTAP_CACHE to a folder on another file system, or VMTAP_QEMU to a QEMU on one");
}

void settings_provide(struct settings *s)
{
	cleanup_free char *inner = qemu_path(), *entry = NULL, *qemu = NULL;
	bool wants_kit = !variable("VMTAP_KIT") && bundle_find(&s->bundle, KIT_KERNEL);
	bool wants_qemu = !variable("VMTAP_QEMU") && bundle_find(&s->bundle, inner);
	struct err err = {0};

	if (!wants_kit && !wants_qemu)
		return;
	if (bundle_provide(&s->bundle, s->store, &entry, &err) < 0) {
		if (wants_kit)
			s->kit_missing = xstrdup(err.text);
		if (wants_qemu)
			s->qemu_missing = xstrdup(err.text);
		return;
	}
	if (wants_kit)
		s->kit = path_join(entry, "kit");
	if (!wants_qemu)
		return;
	qemu = path_join(entry, inner);
	if (check_runs(s, qemu, &err) == 0)
		s->qemu = steal(qemu);
	else
		s->qemu_missing = xstrdup(err.text);
}
