/* origin.c - the places where a machine's life can begin, and what happens when one fails */
#include "state/origin.h"

#include "base/file.h"
#include "base/mem.h"
#include "machine/disks.h"
#include "state/ram.h"

const struct origin_rule origin_rules[ORIGINS] = {
	[ORIGIN_BOOT] = {IDENTITY_FIRST, ORIGIN_FAILS, "'%s' cannot be booted: %s"},
	[ORIGIN_MAKING] = {IDENTITY_NONE, ORIGIN_FAILS, "'%s' cannot be booted: %s"},
	[ORIGIN_NAMING] = {IDENTITY_RENEW, ORIGIN_FAILS, "the template of '%s' cannot be resumed: %s"},
	[ORIGIN_GENERIC] = {IDENTITY_RENEW, ORIGIN_FALLS_BACK, "the template of '%s' cannot be resumed: %s"},
	[ORIGIN_NAMED] = {IDENTITY_OWN, ORIGIN_FALLS_BACK, "the template of '%s' cannot be resumed: %s"},
	[ORIGIN_FREEZING] = {IDENTITY_OWN, ORIGIN_FAILS, "the template of '%s' cannot be resumed: %s"},
	[ORIGIN_FROZEN_GENERIC] = {IDENTITY_RENEW, ORIGIN_STEPS_BACK, "'%s' cannot be thawed: %s"},
	[ORIGIN_FROZEN_NAMED] = {IDENTITY_OWN, ORIGIN_STEPS_BACK, "'%s' cannot be thawed: %s"},
	[ORIGIN_LAYER] = {IDENTITY_OWN, ORIGIN_TELLS, "'%s' cannot be resumed as setup left it: %s"},
	[ORIGIN_CHECKPOINT] = {IDENTITY_OWN, ORIGIN_FAILS, "'%s' cannot be resumed as save() kept it: %s"},
};

char *origin_failure_text(enum origin o, const char *machine, const char *reason)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* of the table above, all of one form */
	return xasprintf(origin_rules[o].words, machine, reason);
#pragma GCC diagnostic pop
}

int origin_copy(enum origin o, const struct machine_spec *m, const char *dir, char *ram, struct machine_origin *out, int *copy,
		struct err *err)
{
	cleanup_free char *from = path_join(dir, ORIGIN_RAM), *disks = path_join(dir, ORIGIN_DISK);

	*out = (struct machine_origin){
		.ram = ram,
		.state = path_join(dir, ORIGIN_STATE),
		.kept = ram != NULL,
		.freezer = o == ORIGIN_FREEZING,
		.rehearse = o == ORIGIN_FREEZING,
		.identity = origin_rules[o].identity,
	};
	disks_begin_with(m, disks, out);
	*copy = -1;
	if (ram)
		return ram_copy(from, ram, err);
	if (ram_map(from, &out->ram, copy, err) < 0)
		return -1;
	out->stays = *copy < 0;
	return 0;
}
