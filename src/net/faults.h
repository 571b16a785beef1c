/* faults.h - what a network does to its frames when a test asks for it
 *
 * Pure: the fate of a frame follows from the settings, the time, and a generator
 * that a seed begins. The switch (switch.h) carries it out.
 */
#ifndef NET_FAULTS_H
#define NET_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

#define FAULTS_LATE (10 * NS_PER_MS) /* how much later than it should a reordered frame comes, for others to overtake it */
#define FAULTS_CUTS_MAX 256	     /* pairs of machines that are parted */

/**
 * struct faults - Settings; all zeros is a good network
 * @loss, @duplicate, @reorder, @corrupt: Probabilities, 0 to 1
 * @delay, @jitter: ns: a frame takes @delay, more or less by up to @jitter
 * @rate:	bits per second of each machine's link, 0 for no limit
 * @cuts:	Pairs of machines, @ncuts of them
 * @state:	Of the generator
 */
struct faults {
	double loss, duplicate, reorder, corrupt;
	uint64_t delay, jitter, rate;
	struct { int a, b; } cuts[FAULTS_CUTS_MAX];
	size_t ncuts;
	uint64_t state;
};

/* A link to one machine. @free_at: its last bit will have been sent; @due: of its last frame */
struct faults_link {
	uint64_t free_at, due;
};

/**
 * struct fate - What becomes of a frame
 * @copies:	0: it is lost; 2: it comes twice
 * @due:	When it comes, CLOCK_MONOTONIC in ns; 0: at once
 * @bit:	Which of its bits is wrong, behind the Ethernet header; or -1
 */
struct fate {
	int copies;
	uint64_t due;
	long bit;
};

/* Begin the generator; two networks of a run do not draw the same. */
void faults_seed(struct faults *f, uint64_t seed);

/* Everything is well again; the generator goes on. */
void faults_heal(struct faults *f);

/* No frame passes between two machines any more. Return: false when there are too many pairs. */
bool faults_part(struct faults *f, int a, int b);

/* Return: whether nothing is done to any frame. */
bool faults_none(const struct faults *f);

/**
 * faults_decide() - Decide about one frame
 * @from, @to:	Machines
 * @l:		The link of @to
 * @n:		Bytes of the frame
 * @now:	CLOCK_MONOTONIC, ns
 */
struct fate faults_decide(struct faults *f, int from, int to, struct faults_link *l, size_t n, uint64_t now);

#endif
