/* settings.h - where things are: the cache, the kit, QEMU, the factors of time */
#ifndef CMD_SETTINGS_H
#define CMD_SETTINGS_H

#include <stdbool.h>

#include "base/err.h"
#include "image/bundle.h"

/**
 * struct settings - What the environment and the installation decide
 * @store:	The cache folder: VMTAP_CACHE, else $XDG_CACHE_HOME/vmtap, else
 *		~/.cache/vmtap, else /tmp/vmtap-UID; it may not exist yet
 * @kit:	VMTAP_KIT, else the bundle's, else "kit" beside the binary, else
 *		../share/vmtap/kit; NULL when none of them can be used
 * @kit_missing: Then the reason in words, with a hint
 * @qemu:	VMTAP_QEMU, else the bundle's, else qemu/ beside the binary, else
 *		../share/vmtap/qemu/, else the PATH; NULL when absent
 * @qemu_missing: What to say then
 * @bundle:	The bundle that this process runs from, or its descriptor is -1
 * @damaged:	settings_read() failed because that bundle is damaged
 * @boot_timeout: VMTAP_BOOT_TIMEOUT in seconds, or 0
 * @frozen:	Machines may be frozen and thawed (VMTAP_FROZEN is not 0)
 *
 * The texts are owned and live as long as the process.
 */
struct settings {
	char *store, *kit, *kit_missing, *qemu, *qemu_missing;
	struct bundle bundle;
	bool damaged;
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
 * What a bundle provides is not there yet: settings_provide().
 *
 * Return: 0, or -1 when a variable makes no sense, or the bundle is @s->damaged
 */
int settings_read(struct settings *s, struct err *err);

/**
 * settings_provide() - Have the kit and QEMU that come from a bundle, unpacked by the first run
 *
 * Does nothing without a bundle, or where variables name both. When they cannot
 * be had, @s->kit_missing and @s->qemu_missing say why, as for others that are
 * missing.
 */
void settings_provide(struct settings *s);

#endif
