/* host.h - what a script may know and do of the host; vmtap.h: host(), accelerated(), slowness() */
#ifndef SCRIPT_HOST_H
#define SCRIPT_HOST_H

#include <stdbool.h>

#include "script/types.h"

/* Run /bin/sh -c cmd here. At the deadline of the blocks that the script is in it is killed: timed_out. */
struct result host_run(const char *cmd);
bool host_accelerated(void);
double host_slowness(void);
/* Return: the test's own folder, which is there; NULL where the run keeps nothing. */
char *host_log_dir(void);

#endif
