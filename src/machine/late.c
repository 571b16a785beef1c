/* late.c - a machine that is not ready in time */
#include "machine/late.h"

#include <string.h>

#include "base/mem.h"
#include "machine/handshake.h"
#include "machine/unready.h"

#define DISK_PATIENCE 2 /* times the time of other boots, for a machine that boots from its own disk */

char *late_add_cause(const struct machine *m, char *why)
{
	cleanup_free char *own = why;
	cleanup_free char *console = console_text(&m->console);
	cleanup_free char *cause = unready_cause(console, strlen(console), m->spec->memory, m->heard);

	return cause ? xasprintf("%s\n%s", own, cause) : steal(own);
}

/* A boot loader reads a kernel slowly, and what starts the agent on such a disk comes late. */
double late_limit(const struct machine *m)
{
	bool disk = !machine_is_copy(m) && spec_boots_itself(m->spec);

	return m->world->boot_timeout * (disk ? DISK_PATIENCE : 1);
}

/* A disk that boots by itself may lack what starts the agent: unless KVM is to blame, that is no fault of QEMU's. */
static void did_not_boot(struct machine *m)
{
	bool disk = spec_boots_itself(m->spec), kvm = m->world->accel->kind == ACCEL_KVM, unheard = disk && !m->heard;
	char *why = xasprintf("'%s' did not boot within %.0f s (VMTAP_BOOT_TIMEOUT) under %s: it was still %s%s%s%s", m->spec->name,
			      late_limit(m), accel_names[m->world->accel->kind], machine_state_name(m->state),
			      m->heard ? "" : " and its agent had not said hello", unheard ? "\n" : "",
			      unheard ? login_story(&m->login) : "");

	/* Under KVM a guest that says nothing tells of KVM; whether of itself, it tells under TCG. */
	if (!m->ever_up && !unheard && (m->heard || !kvm))
		why = late_add_cause(m, why);
	machine_fail(m, m->heard || (disk && !kvm) ? LOSS_GUEST : LOSS_QEMU, why);
}

void late_end(struct machine *m)
{
	const char *name = m->spec->name;

	if (m->state == MACHINE_STOPPING)
		machine_fail(m, LOSS_GUEST, xasprintf("'%s' did not %s in time", name, m->asked_to_reboot ? "reboot" : "power off"));
	else if (m->state == MACHINE_RESUMING)
		machine_fail(m, LOSS_STATE_UNREAD, xasprintf("it was not loaded within %.0f s", m->world->boot_timeout));
	else if (m->state == MACHINE_PROVISIONING)
		machine_fail(m, LOSS_GUEST, xasprintf("the .provision of '%s' did not end within %.0f s", name,
						      m->world->call_timeout));
	else if (m->state != MACHINE_SETTLING || !handshake_ask_why(m))
		did_not_boot(m);
}
