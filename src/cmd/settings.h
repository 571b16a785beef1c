/* settings.h - where things are: the cache, the kit, QEMU, the factors of time */
#ifndef CMD_SETTINGS_H
#define CMD_SETTINGS_H

#include <stdbool.h>

#include "base/err.h"

/**
 * struct settings - What the environment and the installation decide
 * @store:	The cache folder: VMTAP_CACHE, else $XDG_CACHE_HOME/vmtap, else
 *		~/.cache/vmtap, else /tmp/vmtap-UID; it may not exist yet
 * @kit:	VMTAP_KIT, else "kit" beside the binary, else ../share/vmtap/kit;
 *		NULL when none of them can be used
 * @kit_missing: Then the reason in words, with a hint
 * @qemu:	VMTAP_QEMU, else the QEMU for the host's processor on the PATH; NULL when absent
 * @boot_timeout: VMTAP_BOOT_TIMEOUT in seconds, or 0
 * @frozen:	Machines may be frozen and thawed (VMTAP_FROZEN is not 0)
 *
 * The texts are owned and live as long as the process.
 */
struct settings {
	char *store, *kit, *kit_missing, *qemu;
	double boot_timeout;
	bool frozen;
};

/**
 * settings_read() - Look at the environment and around the binary
 *
 * All variables are checked that mean something, also those that the command at
 * hand does not need (VMTAP_SLOW, VMTAP_CANARY_MS, VMTAP_ACCEL, VMTAP_CACHE_MAX):
 * a typo shows at once. A cache folder that another user could have filled is
 * refused (store_trust()).
 *
 * Return: 0, or -1 when a variable makes no sense
 */
int settings_read(struct settings *s, struct err *err);

/* Return: what to say when there is no QEMU. */
const char *settings_no_qemu(void);

#endif
