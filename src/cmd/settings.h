/* settings.h - where things are: the cache, the kit, QEMU, the factors of time */
#ifndef CMD_SETTINGS_H
#define CMD_SETTINGS_H

#include "base/err.h"

/**
 * struct settings - What the environment and the installation decide
 * @store:	The cache folder: VMTAP_CACHE, else $XDG_CACHE_HOME/vmtap, else
 *		~/.cache/vmtap, else /tmp/vmtap-UID; it may not exist yet
 * @kit:	VMTAP_KIT, else "kit" beside the binary, else ../share/vmtap/kit;
 *		NULL when none of them is there
 * @qemu:	VMTAP_QEMU, else the QEMU for the host's processor on the PATH; NULL when absent
 * @boot_timeout: VMTAP_BOOT_TIMEOUT in seconds, or 0
 *
 * The texts are owned and live as long as the process.
 */
struct settings {
	char *store, *kit, *qemu;
	double boot_timeout;
};

/* Return: 0, or -1 when a variable makes no sense. */
int settings_read(struct settings *s, struct err *err);

/* What to say when there is no QEMU, and no kit. */
const char *settings_no_qemu(void);
extern const char settings_no_kit[];

#endif
