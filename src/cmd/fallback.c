/* fallback.c - what a run does without, once it turned out not to work */
#include "cmd/fallback.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

const struct accel *fallback_accel(const struct fallback *fb, const struct fallback_test *t)
{
	return t->kvm_failed ? &fb->tcg : &fb->accel;
}

/* The test ran again, under TCG: was it KVM? */
static void judge_kvm(struct fallback *fb, struct fallback_file *f, const char *why, bool came_up)
{
	cleanup_free char *text = NULL;

	if (fb->accel.kind != ACCEL_KVM || (f->not_kvm && !came_up))
		return; /* another test has found out already */
	if (came_up) {
		text = xasprintf("KVM failed, so this and all later tests run under TCG: %s", why);
		accel_remember_failure(&fb->accel, fb->store, why);
		fb->accel = fb->tcg;
		snprintf(fb->accel.reason, sizeof(fb->accel.reason), "KVM failed in this run");
	} else {
		f->not_kvm = true;
		text = xasprintf("a machine came up neither under KVM nor under TCG, so KVM is not to blame: %s", why);
	}
	report_comment(fb->report, text);
}

bool fallback_take_accel(struct fallback *fb, struct fallback_file *f, struct fallback_test *t,
			 const struct world_outcome *o)
{
	if (t->kvm_failed) {
		judge_kvm(fb, f, t->kvm_failed, o->came_up);
		return false;
	}
	if (!o->kvm_failed || fb->accel.demanded || f->not_kvm)
		return false;
	t->kvm_failed = xstrdup(o->kvm_failed);
	return true;
}

void fallback_take_template(struct fallback *fb, struct fallback_file *f, const struct spec *w,
			    const struct world_outcome *o)
{
	bool own = false;

	if (!o->no_template)
		return;
	if (!fb->no_templates && !f->no_templates)
		report_notice(fb->report, "%s", o->no_template);
	for (size_t i = 0; i < w->nmachines; i++)
		own |= w->machines[i].extra != NULL;
	f->no_templates = true;
	fb->no_templates |= !own;
}
