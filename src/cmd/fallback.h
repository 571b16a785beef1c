/* fallback.h - what a run does without, once it turned out not to work
 *
 * KVM: QEMU died, or a machine stayed silent, before the machine was up. That may
 * be the fault of KVM, or of the machine (a kernel that never boots, an argument
 * that QEMU refuses). So the same test runs again under TCG. Only when all its
 * machines come up there is KVM to blame: then the rest of the run is under TCG,
 * and so are later runs until the host boots. Otherwise the test's result under
 * TCG counts, and the run goes on with KVM.
 *
 * Templates: a machine had to boot, because QEMU cannot save or resume it.
 */
#ifndef CMD_FALLBACK_H
#define CMD_FALLBACK_H

#include "qemu/accel.h"
#include "report/report.h"
#include "world/world.h"

/**
 * struct fallback - Of a run
 * @report:	Where it is said
 * @store:	The cache folder, which remembers that KVM is broken
 * @accel:	What machines run on
 * @tcg:	TCG: what a test runs on again
 * @no_templates: This QEMU cannot: said, not tried again
 */
struct fallback {
	struct report *report;
	const char *store;
	struct accel accel, tcg;
	bool no_templates;
};

/**
 * struct fallback_file - Of a script
 * @no_templates: Its machines cannot be saved or resumed: said, not tried again
 * @not_kvm:	Its machines did not come up under TCG either: KVM is not suspected again
 */
struct fallback_file {
	bool no_templates, not_kvm;
};

/**
 * struct fallback_test - Of a test
 * @kvm_failed:	Why it runs again under TCG, or NULL; owned
 */
struct fallback_test {
	char *kvm_failed;
};

/* Return: what the machines of a test run on now. */
const struct accel *fallback_accel(const struct fallback *fb, const struct fallback_test *t);

/**
 * fallback_take_accel() - Look at an outcome for what it says of KVM
 *
 * Return: whether the test is to run again, on what fallback_accel() says then
 */
bool fallback_take_accel(struct fallback *fb, struct fallback_file *f, struct fallback_test *t,
			 const struct world_outcome *o);

/**
 * fallback_take_template() - Look at an outcome for what it says of templates
 * @w:		The script's: when arguments of .qemu may be the reason, others keep their templates
 *
 * Said once a run.
 */
void fallback_take_template(struct fallback *fb, struct fallback_file *f, const struct spec *w,
			    const struct world_outcome *o);

#endif
