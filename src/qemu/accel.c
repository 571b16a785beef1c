/* accel.c - KVM or TCG: the choice and its reason */
#include "qemu/accel.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "qemu/arch.h"
#include "qemu/remember.h"

#define SLOW_KVM 1.0
#define SLOW_TCG 4.0
#define SLOW_MAX 1000.0

const char *const accel_names[ACCEL_KINDS] = {[ACCEL_TCG] = "tcg", [ACCEL_KVM] = "kvm"};

static const char forbidden_hint[] =
	"add your user to the group that owns the device (usermod -aG kvm USER), or on a GitHub runner "
	"add a udev rule: KERNEL==\"kvm\", GROUP=\"kvm\", MODE=\"0666\"";

static void set_reason(struct accel *a, enum accel_kind kind, const char *hint, const char *reason)
{
	a->kind = kind;
	a->slow = kind == ACCEL_KVM ? SLOW_KVM : SLOW_TCG;
	snprintf(a->reason, sizeof(a->reason), "%s", reason);
	snprintf(a->hint, sizeof(a->hint), "%s", hint);
}

void accel_explain(struct accel *a, const char *device, const struct canary *c)
{
	char text[ACCEL_TEXT_MAX];

	switch (c->rung) {
	case CANARY_NO_DEVICE:
		snprintf(text, sizeof(text), "there is no %s (%s)", device, strerror(c->error));
		set_reason(a, ACCEL_TCG, "load kvm_intel or kvm_amd, or turn on nested virtualization", text);
		return;
	case CANARY_FORBIDDEN:
		snprintf(text, sizeof(text), "%s may not be opened (%s)", device, strerror(c->error));
		set_reason(a, ACCEL_TCG, forbidden_hint, text);
		return;
	case CANARY_NOT_KVM:
		snprintf(text, sizeof(text), "%s does not speak KVM's API", device);
		set_reason(a, ACCEL_TCG, "", text);
		return;
	case CANARY_NO_VM:
		snprintf(text, sizeof(text), "%s opens, but no VM can be made (%s)", device, strerror(c->error));
		set_reason(a, ACCEL_TCG, "is virtualization turned on in the firmware, or in the hypervisor above?",
			   text);
		return;
	case CANARY_STUCK:
		snprintf(text, sizeof(text), "%s opens, but a guest loop of 65,536 steps never ended", device);
		set_reason(a, ACCEL_TCG, "", text);
		return;
	case CANARY_SLOW:
		snprintf(text, sizeof(text),
			 "%s is there but does not accelerate: a guest loop of 65,536 steps took %.1f ms", device,
			 (double)c->us / 1000.0);
		set_reason(a, ACCEL_TCG, "if this host is merely slow, raise VMTAP_CANARY_MS", text);
		return;
	case CANARY_GOOD:
		snprintf(text, sizeof(text), "%s works: a guest loop of 65,536 steps took %.1f ms", device,
			 (double)c->us / 1000.0);
		set_reason(a, ACCEL_KVM, "", text);
		return;
	case CANARY_RUNGS:
		break;
	}
	assert(!"every rung is handled");
}

/* ---- what is remembered until the host's next boot ---- */

#define FAILED "kvm-failed" /* a machine was lost under KVM: why */
#define SLOW   "kvm-slow"   /* the canary said no: microseconds, device */

/* Return: whether an earlier run of this host boot lost a machine under KVM. */
static bool recall_failure(struct accel *a, const char *state_dir)
{
	cleanup_free char *path = NULL;
	cleanup_buf struct buf why = {0};

	if (!remember_get(state_dir, FAILED, ACCEL_TEXT_MAX / 2, &why))
		return false;
	path = remember_path(state_dir, FAILED);
	set_reason(a, ACCEL_TCG, "", "");
	snprintf(a->reason, sizeof(a->reason), "an earlier run since this host booted found: %.*s",
		 (int)strcspn(buf_str(&why), "\n"), buf_str(&why));
	snprintf(a->hint, sizeof(a->hint), "to try KVM again, remove '%s'", path);
	return true;
}

void accel_remember_failure(struct accel *a, const char *state_dir, const char *why)
{
	set_reason(a, ACCEL_TCG, "", why);
	remember_put(state_dir, FAILED, why);
}

/*
 * The canary of a module that emulates takes longer than the start of a machine
 * from its template. Return: whether an earlier run waited for it.
 */
static bool recall_canary(const char *state_dir, const char *device, uint64_t limit, struct canary *c)
{
	cleanup_buf struct buf text = {0};
	char *rest;

	if (!remember_get(state_dir, SLOW, ACCEL_TEXT_MAX, &text))
		return false;
	*c = (struct canary){.rung = CANARY_SLOW, .us = strtoull(buf_str(&text), &rest, 10)};
	return c->us > limit && *rest == ' ' && strcmp(rest + 1, device) == 0;
}

static void remember_canary(const char *state_dir, const char *device, const struct canary *c)
{
	cleanup_free char *text = xasprintf("%llu %s", (unsigned long long)c->us, device);

	remember_put(state_dir, SLOW, text);
}

void accel_forget_canary(const char *state_dir)
{
	remember_forget(state_dir, SLOW);
}

/* ---- the variables ---- */

static int apply_slow(struct accel *a, struct err *err)
{
	const char *text = getenv("VMTAP_SLOW");
	char *end;

	if (!text || !*text)
		return 0;
	a->slow = strtod(text, &end);
	if (*end || !(a->slow > 0) || a->slow > SLOW_MAX)
		return err_set(err, "VMTAP_SLOW is '%s', not a factor above 0 and up to %.0f", text, SLOW_MAX);
	return 0;
}

static int canary_limit(uint64_t *us, struct err *err)
{
	const char *text = getenv("VMTAP_CANARY_MS");
	char *end;
	double ms;

	*us = CANARY_LIMIT_US;
	if (!text || !*text)
		return 0;
	ms = strtod(text, &end);
	if (*end || !(ms > 0) || ms > 1e6)
		return err_set(err, "VMTAP_CANARY_MS is '%s', not a number of milliseconds", text);
	*us = (uint64_t)(ms * 1000);
	return 0;
}

/* ---- the choice ---- */

static int climb(const char *wanted, const char *state_dir, struct accel *out, struct err *err)
{
	const char *device = getenv("VMTAP_KVM");
	struct canary c;
	uint64_t limit;

	out->demanded = strcmp(wanted, "kvm") == 0;
	if (canary_limit(&limit, err) < 0)
		return -1;
	if (!out->demanded && recall_failure(out, state_dir))
		return 0;
	if (!device || !*device)
		device = "/dev/kvm";
	if (recall_canary(state_dir, device, limit, &c)) {
		accel_explain(out, device, &c);
	} else {
		c = canary_run(device, limit, arch_host()->canary);
		accel_explain(out, device, &c);
		if (c.rung == CANARY_SLOW)
			remember_canary(state_dir, device, &c);
	}
	if (!out->demanded || out->kind == ACCEL_KVM)
		return 0;
	err_set(err, "KVM was demanded and cannot be used: %s", out->reason);
	return err_hint(err, "%s%suse --accel=auto to fall back to TCG", out->hint, out->hint[0] ? "; or " : "");
}

/* Return: one of the three words, or NULL. */
static const char *find_word(const char *wanted, struct err *err)
{
	static const char *const words[] = {"auto", "kvm", "tcg", NULL};
	const char *variable = getenv("VMTAP_ACCEL");
	const char *word = wanted ? wanted : variable && *variable ? variable : "auto";
	const char *near;

	for (const char *const *w = words; *w; w++)
		if (strcmp(*w, word) == 0)
			return *w;
	near = text_nearest(word, words);
	err_set(err, "unknown accelerator '%s'%s", word, wanted ? "" : " in VMTAP_ACCEL");
	err_hint(err, "%s%s%suse auto, kvm or tcg", near ? "did you mean '" : "", near ? near : "",
		 near ? "'? " : "");
	return NULL;
}

int accel_check(const char *wanted, struct err *err)
{
	struct accel a;
	uint64_t limit;

	return find_word(wanted, err) && canary_limit(&limit, err) == 0 ? apply_slow(&a, err) : -1;
}

int accel_choose(const char *wanted, const char *state_dir, struct accel *out, struct err *err)
{
	*out = (struct accel){0};
	wanted = find_word(wanted, err);
	if (!wanted)
		return -1;
	if (strcmp(wanted, "tcg") == 0)
		set_reason(out, ACCEL_TCG, "", "asked for");
	else if (climb(wanted, state_dir, out, err) < 0)
		return -1;
	return apply_slow(out, err);
}
