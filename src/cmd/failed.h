/* failed.h - what failed when it ran last, for `vmtap run --failed`
 *
 * STORE/failed/HASH is a text: the path of a script, then the names of its tests that failed when they ran last, a line
 * each. It is there only while there is such a test. HASH is half of the path's SHA-256.
 */
#ifndef CMD_FAILED_H
#define CMD_FAILED_H

#include "cmd/settle.h"

/* Append to @notes what was noted of a script, for the next. */
void failed_read(const char *store, const char *script, struct buf *notes);
/* Return: whether the test, whose script compiles, failed when it ran last, or its script did not compile then. */
bool failed_before(const struct buf *notes, const struct plan_test *t);

/**
 * failed_keep() - Note what became of the tests of a run
 *
 * A test that was not run, or was skipped, stays as it was noted. What cannot be written is not noted.
 */
void failed_keep(const char *store, const struct settle *s);

#endif
