/* choose.h - which tests of the scripts are run, how often, and in what order */
#ifndef CMD_CHOOSE_H
#define CMD_CHOOSE_H

#include "cmd/plan.h"

/**
 * struct choice - What was asked for; 0 or NULL: not asked for
 * @filter:	POSIX extended regular expression on names
 * @failed:	Those that failed when they ran last (failed.h)
 * @shard:	"K/N": the K-th of N equal parts; "auto": the part that the CI's runner says
 * @repeat:	Times that each is run
 * @shuffle:	In an order that is different each time
 * @seed:	In the order that this number stands for; as @shuffle, which sets it
 */
struct choice {
	const char *filter, *shard;
	int failed, repeat, shuffle, seed;
};

/**
 * choose() - Leave in a plan what was asked for
 * @p:		A plan with all tests of its scripts, and the lines that the command line names
 * @store:	The cache folder, which knows what failed last
 * @remark:	Set to what the reader of the results must know ("shuffled ..."), or to NULL; the caller frees it
 *
 * The steps, each on what the one before has left: lines, filter, failed, shard, repeat, shuffle. A script that does
 * not compile stays, unless it is not in the shard.
 *
 * Return: 0; or -1 when an expression or a part is malformed, a line is in no test, or no name matches the filter. A
 * plan may be empty nevertheless: nothing failed last, or there are fewer tests than shards
 */
int choose(struct plan *p, struct choice *c, const char *store, char **remark, struct err *err);

#endif
