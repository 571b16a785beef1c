/* findings.c - what a script and its machines say, as one point */
#include "unit.h"

#include "base/mem.h"
#include "wire/script.h"
#include "world/findings.h"

static const struct accel tcg = {.kind = ACCEL_TCG}, kvm = {.kind = ACCEL_KVM};
static struct world_outcome out;
static struct findings v;

static void begin(void)
{
	out = (struct world_outcome){0};
	v = (struct findings){.outcome = &out};
}

static void end(void)
{
	findings_free(&v);
	world_outcome_free(&out);
}

/* The script tells of something; pairs are NULL-terminated. @cut: bytes that the frame lacks. Return: as findings_event(). */
static int event_cut(size_t cut, unsigned kind, const char *message, const char *const *pairs)
{
	cleanup_buf struct buf b = {0};
	uint32_t n = 0;

	wire_put_u8(&b, (uint8_t)kind);
	wire_put_str(&b, "t.c:1");
	wire_put_str(&b, message);
	while (pairs[n])
		n++;
	wire_put_u32(&b, n / 2);
	for (; *pairs; pairs++)
		wire_put_str(&b, *pairs);
	return findings_event(&v, &(struct frame){.payload = (uint8_t *)b.data, .len = b.len - cut});
}

#define event(kind, message, ...) event_cut(0, kind, message, (const char *const[]){__VA_ARGS__})

/* Return: the value of a field, "" for none. */
static const char *field(const char *key)
{
	for (size_t i = 0; i < out.result.nfields; i++)
		if (strcmp(out.result.fields[i].key, key) == 0)
			return out.result.fields[i].value;
	return "";
}

static struct machine machine_of(const struct spec *w, enum machine_state state)
{
	return (struct machine){.world = w, .spec = w->machines, .state = state, .used = true};
}

TEST(findings, the_first_failure_is_the_message_and_others_are_listed)
{
	begin();
	CHECK_INT(event(WIRE_EVENT_FAILURE, "one", "command", "false", "exit_status", "1", NULL), 0);
	CHECK_INT(event(WIRE_EVENT_FAILURE, "two\nlines", "command", "ls /x", "stderr", "a\nno such file\n", NULL), 0);
	findings_finish(&v, NULL, 0);
	CHECK_INT(out.result.verdict, VERDICT_FAILED);
	CHECK_STR(out.result.reason, "one");
	CHECK_STR(out.result.at, "t.c:1");
	CHECK_STR(field("command"), "false");
	CHECK_STR(field("exit_status"), "1");
	CHECK_STR(field("also_failed"), "t.c:1: two\n    command: ls /x\n    stderr: no such file");
	end();
}

TEST(findings, failures_without_end_are_counted)
{
	begin();
	for (int i = 0; i < FINDINGS_ALSO_FAILED + 3; i++)
		CHECK_INT(event(WIRE_EVENT_FAILURE, "again", NULL), 0);
	findings_finish(&v, NULL, 0);
	CHECK_HAS(field("also_failed"), "\nand 2 more");
	end();
}

TEST(findings, a_skip_is_no_failure_and_no_excuse_for_one)
{
	begin();
	CHECK_INT(event(WIRE_EVENT_SKIP, "no network", NULL), 0);
	CHECK_INT(out.result.verdict, VERDICT_SKIPPED);
	CHECK_STR(out.result.reason, "no network");
	CHECK_INT(event(WIRE_EVENT_FAILURE, "broken", NULL), 0);
	CHECK_INT(event(WIRE_EVENT_SKIP, "no network", NULL), 0);
	CHECK_INT(out.result.verdict, VERDICT_FAILED);
	CHECK_STR(out.result.reason, "broken");
	end();
}

TEST(findings, notes_subtests_and_faults_are_taken)
{
	begin();
	CHECK_INT(event(WIRE_EVENT_NOTE, "slow today", NULL), 0);
	CHECK_INT(event(WIRE_EVENT_SUBTEST, "a", "result", "ok", NULL), 0);
	CHECK_INT(event(WIRE_EVENT_SUBTEST, "b", "result", "not ok", NULL), 0);
	CHECK_INT(event(WIRE_EVENT_SUBTEST, "c", NULL), 0);
	CHECK_INT(event(WIRE_EVENT_FAULT, "segmentation fault", NULL), 0);
	CHECK_STR(out.result.notes[0], "slow today");
	CHECK_INT(out.result.nsubpoints, 3);
	CHECK_INT(out.result.subpoints[0].verdict, VERDICT_PASSED);
	CHECK_INT(out.result.subpoints[1].verdict, VERDICT_FAILED);
	CHECK_INT(out.result.subpoints[2].verdict, VERDICT_FAILED);
	CHECK(v.faulted);
	end();
}

TEST(findings, subtests_skip_and_fail_as_expected)
{
	begin();
	CHECK_INT(event(WIRE_EVENT_SUBTEST, "a", "result", "ok", "skip", "no disk", NULL), 0);
	CHECK_INT(event(WIRE_EVENT_SUBTEST, "b", "result", "not ok", "todo", "later", NULL), 0);
	CHECK_INT(out.result.subpoints[0].verdict, VERDICT_SKIPPED);
	CHECK_STR(out.result.subpoints[0].reason, "no disk");
	CHECK_INT(out.result.subpoints[1].verdict, VERDICT_FAILED);
	CHECK_STR(out.result.subpoints[1].todo, "later");
	CHECK(!point_has_failed(&out.result.subpoints[1]));
	end();
}

TEST(findings, what_is_expected_to_fail_and_why_goes_to_the_runner)
{
	cleanup_buf struct buf b = {0};
	struct world_outcome there;

	begin();
	CHECK_INT(event(WIRE_EVENT_TODO, "issue 1", NULL), 0);
	CHECK_INT(event(WIRE_EVENT_TODO, "issue 2", NULL), 0);
	CHECK_INT(out.result.verdict, VERDICT_PASSED);
	CHECK(point_is_unexpected(&out.result));
	CHECK_INT(event(WIRE_EVENT_FAILURE, "broken", NULL), 0);
	world_outcome_encode(&out, &b);
	CHECK_INT(world_outcome_decode(&b, &there), 0);
	CHECK_STR(there.result.todo, "issue 1");
	CHECK(!point_is_ok(&there.result) && !point_has_failed(&there.result));
	there.result.infra = true;
	CHECK(point_has_failed(&there.result));
	world_outcome_free(&there);
	end();
}

TEST(findings, a_malformed_event_is_refused)
{
	static const char *const none[] = {NULL}, *const pair[] = {"command", "true", NULL};

	begin();
	CHECK_INT(event(0, "x", NULL), -1);
	CHECK_INT(event(99, "x", NULL), -1);
	CHECK_INT(event_cut(5, WIRE_EVENT_NOTE, "x", none), -1); /* a part of the message */
	CHECK_INT(event_cut(1, WIRE_EVENT_FAILURE, "x", pair), -1); /* a part of a pair */
	CHECK_INT(event_cut(1, WIRE_EVENT_SUBTEST, "x", pair), -1);
	end();
}

/* Whether the loss of a machine is a reason to suspect KVM. */
static bool suspects_kvm(const struct accel *accel, enum machine_loss loss, bool ever_up)
{
	struct machine_spec specs = {.name = "m"};
	struct spec w = {.accel = accel, .machines = &specs, .nmachines = 1};
	struct machine m = machine_of(&w, MACHINE_GONE);
	bool suspected;

	m.loss = loss;
	m.ever_up = ever_up;
	m.gone = (char *)"it is gone";
	begin();
	findings_machine_stopped(&v, &m);
	suspected = out.kvm_failed != NULL;
	CHECK_INT(out.result.infra, machine_loss_is_infra(loss));
	end();
	return suspected;
}

TEST(findings, kvm_is_suspected_only_when_qemu_died_or_was_silent_under_it)
{
	CHECK(suspects_kvm(&kvm, LOSS_QEMU, false));
	CHECK(!suspects_kvm(&tcg, LOSS_QEMU, false));
	CHECK(!suspects_kvm(&kvm, LOSS_QEMU, true));
	CHECK(!suspects_kvm(&kvm, LOSS_HOST, false));
	CHECK(!suspects_kvm(&kvm, LOSS_GUEST, false));
	CHECK(!suspects_kvm(&kvm, LOSS_STATE, false));
}

TEST(findings, a_machine_that_was_lost_unasked_fails_the_test)
{
	struct machine_spec specs[2] = {{.name = "a"}, {.name = "b"}};
	struct spec w = {.accel = &tcg, .machines = specs, .nmachines = 2};
	struct machine m[2] = {machine_of(&w, MACHINE_GONE), machine_of(&w, MACHINE_OFF)};

	begin();
	m[0].gone = (char *)"the kernel of 'a' panicked";
	m[1].spec = &specs[1];
	m[1].used = false;
	buf_adds(&m[0].console.text, "last words\n");
	findings_finish(&v, m, 2);
	CHECK_STR(out.result.reason, "the kernel of 'a' panicked");
	CHECK_STR(field("console"), "a| last words");
	CHECK_STR(field("never_started"), "b");
	CHECK(!out.came_up);
	buf_free(&m[0].console.text);
	end();
}

TEST(findings, a_machine_that_powered_itself_off_is_told_and_no_failure)
{
	struct machine_spec specs = {.name = "m"};
	struct spec w = {.accel = &tcg, .machines = &specs, .nmachines = 1};
	struct machine m = machine_of(&w, MACHINE_OFF);

	begin();
	m.ever_up = true;
	m.off_why = (char *)"'m' powered itself off";
	findings_machine_stopped(&v, &m);
	findings_finish(&v, &m, 1);
	CHECK_INT(out.result.verdict, VERDICT_PASSED);
	CHECK_STR(field("power"), "'m' powered itself off");
	CHECK(out.came_up);
	end();
}
