/* unit_facts.h - why a systemd unit is inactive: reading what systemctl(1) and journalctl(1) say (pure)
 *
 * UNIT_FACTS_COMMAND prints lines "KEY=value": the unit's settings, and the fields
 * of the journal's record of the end of its last start. After a line "failed:" the
 * units that have failed follow.
 */
#ifndef AGENT_UNIT_FACTS_H
#define AGENT_UNIT_FACTS_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * For a shell in which $unit is the unit's whole name and $records the field that names it in the records of its manager, after
 * which more may be asked of these. The journal is made to have all that was said so far.
 */
#define UNIT_FACTS_COMMAND                                                                         \
	"systemctl show -p Type -p RemainAfterExit -p Requires -p Requisite -p BindsTo -- \"$unit\"; "  \
	"journalctl --sync; "                                                                      \
	"journalctl -q --no-pager -b -n 1 -o export --output-fields=JOB_RESULT,MESSAGE $records=\"$unit\" $more " \
	"JOB_TYPE=start JOB_RESULT=done JOB_RESULT=dependency JOB_RESULT=failed JOB_RESULT=assert "       \
	"JOB_RESULT=canceled JOB_RESULT=timeout JOB_RESULT=skipped JOB_RESULT=unsupported JOB_RESULT=once; " \
	"echo failed:; systemctl list-units --state=failed --no-legend --no-pager --plain --full"

/* Return: whether it is a oneshot without RemainAfterExit=, and its last start ended well. */
bool unit_facts_have_run(const char *facts);

/**
 * unit_facts_explain() - Say why the unit is not active
 * @out:	Appended to: what follows "unit 'x.service' "
 */
void unit_facts_explain(const char *facts, struct buf *out);

#endif
