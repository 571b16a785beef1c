/* agent_unit_facts.c - why a systemd unit is inactive */
#include "unit.h"

#include "agent/unit_facts.h"
#include "base/mem.h"

#define ONESHOT	 "Type=oneshot\nRemainAfterExit=no\nRequires=sysinit.target e.service system.slice\nRequisite=\nBindsTo=g.service\n"
#define SIMPLE	 "Type=simple\nRemainAfterExit=no\nRequires=sysinit.target\n"
#define RECORD	 "__CURSOR=s=99;i=1\n__REALTIME_TIMESTAMP=1795702387741288\n"
#define NOTHING	 "\nfailed:\n"
#define RAN	 RECORD "JOB_RESULT=done\nMESSAGE=Finished once.service - Once.\n"
#define SKIPPED	 RECORD "JOB_RESULT=done\nMESSAGE=c.service was skipped because of an unmet condition check (ConditionPathExists=/nope).\n"
#define SKIPPED_248 RECORD "MESSAGE=Condition check resulted in C being skipped.\nJOB_RESULT=done\n"
#define DEPENDED RECORD "MESSAGE=Dependency failed for d.service.\nJOB_RESULT=dependency\n"

#define CHECK_WHY(facts, want)                                                                 \
	do {                                                                                   \
		cleanup_buf struct buf why_ = {0};                                             \
		unit_facts_explain(facts, &why_);                                              \
		CHECK_STR(buf_str(&why_), want);                                               \
	} while (0)

TEST(unit_facts, a_oneshot_that_ended_well_has_run)
{
	CHECK(unit_facts_have_run(ONESHOT RAN NOTHING));
	CHECK(!unit_facts_have_run("Type=oneshot\nRemainAfterExit=yes\n" RAN NOTHING)); /* it was stopped */
	CHECK(!unit_facts_have_run(SIMPLE RAN NOTHING));
	CHECK(!unit_facts_have_run(ONESHOT NOTHING)); /* never started */
	CHECK(!unit_facts_have_run(ONESHOT SKIPPED NOTHING));
	CHECK(!unit_facts_have_run(ONESHOT DEPENDED NOTHING));
	CHECK(!unit_facts_have_run(""));
}

TEST(unit_facts, a_description_is_not_taken_for_systemd_s_words)
{
	CHECK(unit_facts_have_run(ONESHOT RECORD "JOB_RESULT=done\nMESSAGE=Finished Condition check.\n" NOTHING));
}

TEST(unit_facts, why_a_unit_is_inactive)
{
	CHECK_WHY(SIMPLE SKIPPED NOTHING, "was not started: its condition does not hold");
	CHECK_WHY(SIMPLE SKIPPED_248 NOTHING, "was not started: its condition does not hold");
	CHECK_WHY(SIMPLE RECORD "JOB_RESULT=assert\nMESSAGE=x\n" NOTHING, "was not started: its assertion does not hold");
	CHECK_WHY(SIMPLE RAN NOTHING, "was started, and has ended without a failure: it is inactive and no job is queued that "
				      "would start it again");
	CHECK_WHY(SIMPLE RECORD "JOB_RESULT=timeout\n" NOTHING,
		  "is inactive, its last start ended with result 'timeout', and no job is queued that would start it");
	CHECK_WHY(SIMPLE NOTHING, "is inactive and no job is queued that would start it");
	CHECK_WHY("", "is inactive and no job is queued that would start it");
}

TEST(unit_facts, which_of_the_units_that_it_needs_failed)
{
	CHECK_WHY(ONESHOT DEPENDED NOTHING, "was not started: a unit that it needs was not started either");
	CHECK_WHY(ONESHOT DEPENDED "\nfailed:\ne.service loaded failed failed E\nh.service loaded failed failed H\n",
		  "was not started: it needs 'e.service', which failed");
	CHECK_WHY(ONESHOT DEPENDED "\nfailed:\ng.service loaded failed failed\ne.service loaded failed failed",
		  "was not started: it needs 'e.service', 'g.service', which failed");
	CHECK_WHY(ONESHOT DEPENDED "\nfailed:\n\xe2\x97\x8f e.service loaded failed failed E\n",
		  "was not started: it needs 'e.service', which failed");
	CHECK_WHY(ONESHOT DEPENDED "\nfailed:\ne.service2 loaded failed failed\n",
		  "was not started: a unit that it needs was not started either");
}
