/* runner.h - running a plan: a world per test, points in plan order */
#ifndef CMD_RUNNER_H
#define CMD_RUNNER_H

#include "cmd/cmd.h"
#include "cmd/kept.h"
#include "cmd/plan.h"

#define RUNNER_JOBS_MAX 256 /* tests at the same time */

/**
 * struct runner_options - How to run
 * @accel:	"auto", "kvm", "tcg", or NULL for the environment's wish
 * @timeout:	Seconds for each test, not scaled; 0 for the default
 * @jobs:	Tests at the same time; 0: one a processor
 * @cold:	Boot every machine, use and make no templates
 * @cached:	Do not run what has passed with the same inputs, and keep what passes
 * @fail_fast:	End with the first failure: what runs is killed, the rest is skipped
 * @retry_infra: Run a test once more that the infrastructure failed
 * @seed:	For what tests draw: networks that lose frames; 0 is one as well
 * @remark:	A comment to print before the first point, or NULL
 * @junit:	Where a JUnit report goes, or NULL
 * @json:	Where events go, or NULL
 * @artifacts:	Folder for a page of the run and files of each test, or NULL
 * @kept:	Which machines wait for people
 * @nested:	Subtests are nested TAP
 * @again:	The command that runs what failed again, or NULL
 * @nothing:	Why the plan is empty when it is
 */
struct runner_options {
	const char *accel;
	double timeout;
	struct kept_options kept;
	int jobs, cold, cached, fail_fast, retry_infra, nested, seed;
	const char *remark, *nothing, *junit, *json, *artifacts, *again;
};

/**
 * runner_run() - Run all tests and print TAP on stdout
 *
 * As many at the same time as @jobs says and as their machines fit into the
 * memory that is left; one always runs. Points come in the order of the plan,
 * whatever order the tests end in.
 *
 * SIGINT, SIGTERM and SIGHUP tear the machines down and print "Bail out!".
 *
 * Return: an exit status
 */
enum exit_status runner_run(struct plan *p, const struct settings *s, const struct runner_options *o);

#endif
