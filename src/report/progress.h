/* progress.h - what a waiting person sees on stderr: a live line on a terminal, else a line now and then */
#ifndef REPORT_PROGRESS_H
#define REPORT_PROGRESS_H

#include "base/loop.h"
#include "report/report.h"
#include "report/sink.h"

#define PROGRESS_HEARTBEAT_S 30 /* between lines where stderr is no terminal: a CI log that moves */
#define PROGRESS_LIVE_MS     500

/**
 * struct progress - A reporter for people
 * @reporter:	Add it before others that print on the same terminal
 * @stops:	A ^Z is heard from the first live line on, to take that away
 * @live:	stderr is a terminal, and nothing else is written there
 * @shown:	A live line is on the screen
 */
struct progress {
	struct reporter reporter;
	struct loop *loop;
	struct timer timer;
	struct watch stops;
	struct sink sink;
	struct report_status status;
	bool live, shown;
};

/* Append how far a run is: "12/100  the page is served (4.2 s): web.wait_for_open_port(80), t.c:12, 3.1 of 240 s". Pure. */
void progress_describe(struct buf *out, const struct report_status *s, uint64_t now);

/* Begin, with a timer in @l from the first status on. Ends with the loop. */
void progress_init(struct progress *p, struct loop *l);

#endif
