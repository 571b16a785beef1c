/* faults.c - what a network does to its frames when a test asks for it
 *
 * Frames of one link keep their order whatever the jitter is: a wire does not
 * overtake itself. To be overtaken is reorder()'s alone.
 */
#include "net/faults.h"

#include <string.h>

#define ETHER_HEADER 14 /* bytes: a wrong address would be lost rather than corrupt */

void faults_seed(struct faults *f, uint64_t seed)
{
	f->state = seed;
}

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t draw(struct faults *f)
{
	uint64_t z = f->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* Draws only where there is something to decide: what a setting does not change stays as it was. */
static bool happens(struct faults *f, double probability)
{
	return probability > 0 && (double)(draw(f) >> 11) / 9007199254740992.0 < probability;
}

void faults_heal(struct faults *f)
{
	uint64_t state = f->state;

	memset(f, 0, sizeof(*f));
	f->state = state;
}

static bool is_cut(const struct faults *f, int a, int b)
{
	for (size_t i = 0; i < f->ncuts; i++)
		if ((f->cuts[i].a == a && f->cuts[i].b == b) || (f->cuts[i].a == b && f->cuts[i].b == a))
			return true;
	return false;
}

bool faults_part(struct faults *f, int a, int b)
{
	if (is_cut(f, a, b))
		return true;
	if (f->ncuts == FAULTS_CUTS_MAX)
		return false;
	f->cuts[f->ncuts].a = a;
	f->cuts[f->ncuts++].b = b;
	return true;
}

bool faults_none(const struct faults *f)
{
	return !f->ncuts && !f->delay && !f->jitter && !f->rate && !(f->loss > 0) && !(f->duplicate > 0) && !(f->reorder > 0) &&
	       !(f->corrupt > 0);
}

/* From @delay - @jitter to @delay + @jitter, but never before it was sent. */
static uint64_t travel(struct faults *f)
{
	uint64_t later = f->jitter ? draw(f) % (2 * f->jitter + 1) : 0;

	return f->delay + later > f->jitter ? f->delay + later - f->jitter : 0;
}

static uint64_t when(struct faults *f, struct faults_link *l, size_t n, uint64_t now)
{
	uint64_t sent = now, due;

	if (f->rate) {
		sent = l->free_at > now ? l->free_at : now;
		sent += n * 8 * NS_PER_S / f->rate;
		l->free_at = sent;
	}
	due = sent + travel(f);
	if (due < l->due)
		due = l->due;
	if (happens(f, f->reorder))
		return due + FAULTS_LATE;
	l->due = due;
	return due > now ? due : 0;
}

struct fate faults_decide(struct faults *f, int from, int to, struct faults_link *l, size_t n, uint64_t now)
{
	struct fate fate = {.copies = 1, .bit = -1};

	if (is_cut(f, from, to) || happens(f, f->loss)) {
		fate.copies = 0;
		return fate;
	}
	if (n > ETHER_HEADER && happens(f, f->corrupt))
		fate.bit = (long)(draw(f) % ((n - ETHER_HEADER) * 8));
	fate.copies += happens(f, f->duplicate);
	fate.due = when(f, l, n, now);
	return fate;
}
