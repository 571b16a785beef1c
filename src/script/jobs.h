/* jobs.h - what a script does with a job that a machine's spawn() gave it; vmtap.h has the same as job_wait() and so on */
#ifndef SCRIPT_JOBS_H
#define SCRIPT_JOBS_H

#include <stdbool.h>

#include "script/types.h"

struct result script_job_wait(struct job *j);
bool script_job_running(struct job *j);
char *script_job_output(struct job *j);
void script_job_signal(struct job *j, int number);
void script_job_write(struct job *j, const char *text);
void script_job_close(struct job *j);

#endif
