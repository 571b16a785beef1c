/* progress.h - what a waiting person sees: a live line on a terminal, else a line now and then */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include "cmd/job.h"

#define PROGRESS_HEARTBEAT_S 30 /* between lines where stderr is no terminal: a CI log that moves */
#define PROGRESS_LIVE_MS     500

/**
 * struct progress - The state of the display, on stderr only
 * @live:	stderr is a terminal, and nothing else is written there
 * @shown:	A live line is on the screen
 */
struct progress {
	struct loop *loop;
	struct timer timer;
	const struct job *jobs;
	size_t njobs, done, total;
	bool live, shown;
};

void progress_init(struct progress *p, struct loop *l);
/* Tests started or ended: @jobs stays valid until the next call. */
void progress_update(struct progress *p, const struct job *jobs, size_t njobs, size_t done, size_t total);
/* Take the live line away, before something else is printed. */
void progress_clear(struct progress *p);

#endif
