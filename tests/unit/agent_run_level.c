/* agent_run_level.c - what a utmp file says of SysV's run level */
#include "unit.h"

#include <stdint.h>
#include <string.h>

#include "agent/run_level.h"

#define RECORD 384

/* One record, at @at: its type and its pid. */
static void put(char *records, size_t at, int16_t type, int32_t pid)
{
	memcpy(records + at * RECORD, &type, sizeof(type));
	memcpy(records + at * RECORD + 4, &pid, sizeof(pid));
}

TEST(agent_run_level, is_the_last_one_that_was_entered)
{
	char records[4 * RECORD] = {0};

	put(records, 0, 2, 0); /* BOOT_TIME */
	put(records, 1, 1, 'N' << 8 | 'S');
	CHECK(run_level_of_utmp(records, sizeof(records)) == 'S');
	put(records, 2, 1, 'S' << 8 | '2');
	put(records, 3, 7, '5'); /* USER_PROCESS */
	CHECK(run_level_of_utmp(records, sizeof(records)) == '2');
}

TEST(agent_run_level, is_none_in_what_is_empty_cut_short_or_no_utmp)
{
	char records[RECORD] = {0};

	CHECK(run_level_of_utmp(NULL, 0) == 0);
	put(records, 0, 1, 0);
	CHECK(run_level_of_utmp(records, sizeof(records)) == 0);
	put(records, 0, 1, '2');
	CHECK(run_level_of_utmp(records, sizeof(records) - 1) == 0);
	memset(records, 0xff, sizeof(records));
	CHECK(run_level_of_utmp(records, sizeof(records)) == 0);
}
