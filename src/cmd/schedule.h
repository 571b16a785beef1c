/* schedule.h - what runs when: tests in the order of the plan, as many at a time as there are jobs and memory for */
#ifndef CMD_SCHEDULE_H
#define CMD_SCHEDULE_H

#include "cmd/cached.h"
#include "cmd/fallback.h"
#include "cmd/freeze.h"
#include "cmd/job.h"
#include "cmd/prepare.h"
#include "cmd/runner.h"
#include "cmd/settle.h"
#include "cmd/setups.h"

/* Whether the templates of a script are to be finished, for tests that come later. */
enum freeze_state {
	FREEZE_UNKNOWN, /* no test has met one that is not */
	FREEZE_WANTED,
	FREEZE_BEGUN, /* once a run */
};

/**
 * struct file_run - A script in this run
 * @frozen:	Whether a test has met a template that is not finished, and what has come of it
 * @prepared:	Its machines have all that they boot from, or are broken
 * @setups:	What tests begin with
 * @inputs:	What results depend on, once it was asked for
 */
struct file_run {
	bool prepared;
	enum freeze_state frozen;
	struct setups setups;
	struct fallback_file fallback;
	struct cached_inputs *inputs;
};

/* A test in this run. @infra: why it is tried once more, or NULL. */
struct test_run {
	struct fallback_test fallback;
	struct cached_key key;
	char *infra;
};

/**
 * struct schedule - All of it
 * @plan, @settings, @options, @loop, @report, @settle, @fallback: The runner's
 * @accel_error: Why there is no accelerator, for the tests that use a machine; or NULL
 * @in_child:	Called with @arg, first thing in each process that is forked
 * @nplaces:	Of @jobs: @njobs run at a time, beside those that are held
 * @permits:	To be kept (machine/spec.h), or -1
 * @holding:	The runner's: only what is kept is waited for, and the loop stops when nothing is any more
 * @bail:	A script says that no test is of any use, why; owned; or NULL
 * @preparing, @freezing: What the status calls the images that are being made, the machines that are frozen; owned
 * @memory:	MiB that were free when the run began; 0: unknown
 * @room:	MiB for machines
 * @files, @tests: By their numbers in the plan
 * @activities:	What the last status told
 * @doing:	What each of @jobs does; or NULL
 * @next:	Test to start
 */
struct schedule {
	struct plan *plan;
	const struct settings *settings;
	const struct runner_options *options;
	struct loop *loop;
	struct report *report;
	struct settle *settle;
	struct fallback *fallback;
	const char *accel_error;
	void (*in_child)(void *arg);
	void *arg;

	long memory, room;
	struct job *jobs;
	size_t njobs, nplaces, next;
	int permits;
	bool holding;
	char *bail;
	struct prepare prepare;
	struct freeze freeze;
	char *preparing, *freezing;
	struct file_run *files;
	struct test_run *tests;
	struct report_activity *activities;
	struct glimpse *doing;
};

/* Make room for the jobs and the state; the runner's members are set. */
void schedule_init(struct schedule *s);

/*
 * Start what can be started now. Called once; afterwards it goes on by itself, whenever something ends. Stops the loop
 * when all is over, nothing more is told (settle.h), or the first failure ends the run.
 */
void schedule_go(struct schedule *s);

/* Return: whether a test has failed and the run is to end with that: others have no result, then. */
bool schedule_gave_up(const struct schedule *s);

/* Return: how many failed tests are kept: their worlds wait for people. */
size_t schedule_count_kept(const struct schedule *s);

/* Kill all that runs, and what is kept if @kept_as_well; within TASK_END_MS, however much there is. */
void schedule_stop(struct schedule *s, bool kept_as_well);

void schedule_free(struct schedule *s);

#endif
