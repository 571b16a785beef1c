/* loss.c - why QEMU has ended, and whose fault that is */
#include "machine/loss.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"

/* What QEMU says when the host did not give it what it needs: a state that it was to load may be good. */
static const char *const host_words[] = {
	"annot allocate memory", "backing store", "Too many open files", "No space left", "Permission denied",
};

static const char bus_error_hint[] = "\nis the disk full that holds its memory, or a disk of its own?";

/* Return: whether QEMU ended for a reason that lies outside of it and of its guest. */
static bool is_hosts_fault(const struct loss_facts *f)
{
	if (WIFSIGNALED(f->status)) {
		int s = WTERMSIG(f->status);

		/* A file of memory that has no more room is a SIGBUS; while one is loaded, it is as likely cut short. */
		if (s == SIGBUS)
			return f->state != MACHINE_RESUMING;
		return s == SIGKILL || s == SIGTERM || s == SIGINT || s == SIGHUP || s == SIGXCPU || s == SIGXFSZ;
	}
	for (size_t i = 0; i < ARRAY_SIZE(host_words); i++)
		if (strstr(f->said, host_words[i]))
			return true;
	return WEXITSTATUS(f->status) == 127; /* the loader's, before QEMU's own code runs */
}

static enum machine_loss explain_shutdown(const struct loss_facts *f, char **why)
{
	const char *state = machine_state_name(f->state);

	if (strcmp(f->shutdown, "guest-panic") == 0) {
		*why = xasprintf("the kernel of '%s' panicked", f->name);
	} else if (strcmp(f->shutdown, "guest-reset") == 0) {
		*why = xasprintf("'%s' rebooted while it was %s, and a machine that reboots is lost to its test\n"
				 "where it may reboot, say so: .keep = 1 lets its root survive that, .reboot_ok = 1 boots it afresh",
				 f->name, state);
	} else if (text_starts(f->shutdown, "guest")) {
		*why = xasprintf("'%s' powered itself off while it was %s (%s)", f->name, state, f->shutdown);
	} else {
		*why = xasprintf("QEMU of '%s' was told from outside to end, while the machine was %s (%s)", f->name,
				 state, f->shutdown);
		return LOSS_HOST;
	}
	return LOSS_GUEST;
}

enum machine_loss loss_explain(const struct loss_facts *f, char **why)
{
	cleanup_free char *how = proc_status_text(f->status);
	bool asked = f->shutdown && text_starts(f->shutdown, "guest");

	if (f->panic) {
		*why = xasprintf("the kernel of '%s' panicked: %s", f->name, f->panic);
		return LOSS_GUEST;
	}
	if (f->state == MACHINE_RESUMING && !asked) {
		*why = xstrdup(f->refusal ? f->refusal : *f->said ? f->said : how);
		return f->refusal || (!f->shutdown && !is_hosts_fault(f)) ? LOSS_STATE : LOSS_STATE_UNREAD;
	}
	if (f->shutdown)
		return explain_shutdown(f, why);
	*why = xasprintf("QEMU of '%s' died while the machine was %s: %s%s%s%s", f->name, machine_state_name(f->state),
			 how, *f->said ? ": " : "", f->said,
			 WIFSIGNALED(f->status) && WTERMSIG(f->status) == SIGBUS ? bus_error_hint : "");
	return is_hosts_fault(f) ? LOSS_HOST : LOSS_QEMU;
}
