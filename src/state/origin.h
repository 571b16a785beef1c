/* origin.h - the places where a machine's life can begin, and what happens when one fails
 *
 * A new origin is a row of the table in origin.c.
 */
#ifndef STATE_ORIGIN_H
#define STATE_ORIGIN_H

#include "machine/machine.h"

#define ORIGIN_RAM   "ram" /* the files of a machine that is saved alone in a folder */
#define ORIGIN_STATE "state"
#define ORIGIN_DISK  "disk" /* and the disk's number, for each that it writes to */

enum origin {
	ORIGIN_BOOT,	   /* nothing was saved: its kernel boots */
	ORIGIN_MAKING,	   /* boots with its memory in a file, to become a template without an identity */
	ORIGIN_NAMING,	   /* copy of a template without an identity, to become one with it */
	ORIGIN_GENERIC,	   /* copy of a template without an identity */
	ORIGIN_NAMED,	   /* copy of a template with it */
	ORIGIN_FREEZING,   /* copy of a template, to be frozen */
	ORIGIN_FROZEN_GENERIC, /* thawed; without an identity */
	ORIGIN_FROZEN_NAMED, /* thawed; with it */
	ORIGIN_LAYER,	   /* as setup left it */
	ORIGIN_CHECKPOINT, /* as save() kept it */
	ORIGINS,
};

/* What to do when QEMU cannot resume from an origin. */
enum origin_failure {
	ORIGIN_FAILS,	  /* the machine is lost: a boot would not be what was asked for */
	ORIGIN_TELLS,	  /* the machine is lost; the runner throws the origin away and runs the test again without it */
	ORIGIN_STEPS_BACK, /* the origin is thrown away if it is to blame, and the machine begins from the next best */
	ORIGIN_FALLS_BACK, /* the origin is thrown away if it is to blame, and the machine boots instead */
};

/**
 * struct origin_rule - A row
 * @identity:	What the machine is told of itself
 * @failure:	What happens when it cannot be resumed from there
 * @words:	How that is told: a format with the machine's name and the reason
 */
struct origin_rule {
	enum machine_identity identity;
	enum origin_failure failure;
	const char *words;
};

extern const struct origin_rule origin_rules[ORIGINS];

/* Return: @words filled in, which the caller frees. */
char *origin_failure_text(enum origin o, const char *machine, const char *reason);

/**
 * origin_copy() - A saved machine in a folder, to be gone on from
 * @dir:	Holds ORIGIN_RAM and ORIGIN_STATE, and what @m has written to its disks
 * @ram:	File for a copy of the memory that is going to be saved again (@out
 *		owns it, also when this fails); NULL to map what is there privately
 * @copy:	As for ram_map()
 *
 * Return: 0 with @out filled for machine_start(), or -1: no room, unreadable
 */
int origin_copy(enum origin o, const struct machine_spec *m, const char *dir, char *ram, struct machine_origin *out, int *copy,
		struct err *err);

#endif
