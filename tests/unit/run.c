/* run.c - what a run makes of results: order, counts, KVM's blame, limits of time */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/fallback.h"
#include "cmd/limits.h"
#include "cmd/settle.h"

static struct buf told;

static int take_point(struct reporter *r, const struct point *p)
{
	(void)r;
	buf_addf(&told, "%s%s%s ", p->name, point_has_failed(p) ? "-" : p->verdict == VERDICT_SKIPPED ? "/" : "+",
		 p->reason ? p->reason : "");
	if (p->name[0] != '!')
		return 0;
	errno = EPIPE;
	return -1;
}

static int take_comment(struct reporter *r, const char *text)
{
	(void)r;
	buf_addf(&told, "# %s\n", text);
	return 0;
}

static const struct reporter_ops ops = {.point = take_point, .comment = take_comment};
static struct reporter witness = {.ops = &ops};
static struct report report = {.first = &witness};

static const char *heard(void)
{
	static char text[1000];

	snprintf(text, sizeof(text), "%s", buf_str(&told));
	buf_free(&told);
	return text;
}

/* ---- results ---- */

static struct plan_file file = {.path = "f.c", .error = (char[]){"f.c:3: error: what\nand more"}};
static struct plan_test tests[] = {
	{.name = (char[]){"a"}, .file = &file}, {.name = (char[]){"b"}, .file = &file, .skip = "no"},
	{.name = (char[]){"c"}, .file = &file}, {.name = (char[]){"!"}, .file = &file},
	{.name = (char[]){"e"}, .file = &file},
};
static const struct plan plan = {.files = &file, .nfiles = 1, .tests = tests, .ntests = ARRAY_SIZE(tests)};

static void pass(struct settle *s, size_t number)
{
	struct point p = {.verdict = VERDICT_PASSED};

	settle_result(s, number, &p);
}

TEST(settle, points_come_in_the_order_of_the_plan)
{
	struct settle s;

	settle_init(&s, &report, &plan);
	pass(&s, 2);
	settle_skipped(&s, 1);
	CHECK_STR(heard(), "");
	CHECK_INT(s.finished, 2);
	CHECK_INT(s.told, 0);
	pass(&s, 0);
	CHECK_STR(heard(), "a+ b/no c+ ");
	CHECK_INT(s.told, 3);
	CHECK_INT(settle_status(&s), EXIT_PASSED);
	settle_free(&s);
}

TEST(settle, results_count_when_they_are_told)
{
	struct settle s;

	settle_init(&s, &report, &plan);
	settle_uncompiled(&s, 1);
	settle_infra(&s, 2, "lost");
	CHECK_INT(settle_status(&s), EXIT_PASSED);
	settle_uncompiled(&s, 0);
	CHECK_STR(heard(), "a-f.c:3: error: what b-f.c:3: error: what c-lost ");
	CHECK_INT(s.counts[SETTLE_UNCOMPILED], 2);
	CHECK_INT(s.counts[SETTLE_FAILED], 0);
	CHECK_INT(settle_status(&s), EXIT_INFRA);
	settle_free(&s);
}

TEST(settle, nothing_is_told_to_a_reader_that_is_gone)
{
	struct settle s;

	settle_init(&s, &report, &plan);
	pass(&s, 4);
	pass(&s, 3);
	for (size_t i = 0; i < 3; i++)
		pass(&s, i);
	CHECK_STR(heard(), "a+ b+ c+ !+ ");
	CHECK_INT(s.silenced, EPIPE);
	settle_free(&s);
}

TEST(settle, tests_are_like_a_setup_that_failed_or_skipped)
{
	struct point failed = {.verdict = VERDICT_FAILED, .reason = (char[]){"why"}, .infra = true};
	struct point skipped = {.verdict = VERDICT_SKIPPED, .reason = (char[]){"why"}};
	struct settle s;
	size_t told_by = 0;

	point_add_field(&failed, "stderr", "much");
	settle_init(&s, &report, &plan);
	settle_like_setup(&s, 1, &skipped, "base", &told_by);
	told_by = 0;
	settle_like_setup(&s, 2, &failed, NULL, &told_by);
	CHECK_INT(told_by, 3);
	settle_like_setup(&s, 3, &failed, NULL, &told_by);
	CHECK_INT(s.waiting[2].point->nfields, 1);
	CHECK_INT(s.waiting[2].point->told_by, 0);
	CHECK_INT(s.waiting[3].point->nfields, 0);
	CHECK_INT(s.waiting[3].point->told_by, 3);
	CHECK_STR(s.waiting[3].point->reason, "setup failed: why");
	pass(&s, 0);
	CHECK_HAS(heard(), "a+ b/why c-setup failed: why ");
	settle_free(&s);
	free(failed.fields[0].key);
	free(failed.fields[0].value);
	free(failed.fields);
}

/* ---- KVM ---- */

struct trial {
	char store[32];
	struct fallback fb;
	struct fallback_file file;
	struct fallback_test test;
};

static void begin(struct trial *t)
{
	*t = (struct trial){.store = "/tmp/vmtap-unit-XXXXXX"};
	CHECK(mkdtemp(t->store) != NULL);
	t->fb = (struct fallback){.report = &report, .store = t->store, .accel.kind = ACCEL_KVM, .tcg.slow = 4};
}

static bool take(struct trial *t, const char *kvm_failed, bool came_up)
{
	struct world_outcome o = {.kvm_failed = kvm_failed ? xstrdup(kvm_failed) : NULL, .came_up = came_up};
	bool again = fallback_take_accel(&t->fb, &t->file, &t->test, &o);

	world_outcome_free(&o);
	return again;
}

/* Return: whether a verdict against KVM was remembered. */
static bool end(struct trial *t)
{
	bool empty;

	free(t->test.kvm_failed);
	empty = rmdir(t->store) == 0;
	file_remove_tree(t->store);
	return !empty;
}

TEST(fallback, kvm_is_blamed_when_the_same_test_comes_up_under_tcg)
{
	struct trial t;

	begin(&t);
	CHECK(take(&t, "QEMU died", false));
	CHECK_INT(fallback_accel(&t.fb, &t.test)->kind, ACCEL_TCG);
	CHECK_INT(t.fb.accel.kind, ACCEL_KVM); /* other tests go on with it */
	CHECK_STR(heard(), "");
	CHECK(!take(&t, NULL, true));
	CHECK_STR(heard(), "# KVM failed, so this and all later tests run under TCG: QEMU died\n");
	CHECK_INT(t.fb.accel.kind, ACCEL_TCG);
	CHECK(t.fb.accel.slow == 4);
	CHECK(end(&t));
}

TEST(fallback, kvm_is_not_blamed_for_what_tcg_cannot_either)
{
	struct trial t;

	begin(&t);
	CHECK(take(&t, "QEMU died", false));
	CHECK(!take(&t, NULL, false));
	CHECK_STR(heard(), "# a machine came up neither under KVM nor under TCG, so KVM is not to blame: QEMU died\n");
	CHECK_INT(t.fb.accel.kind, ACCEL_KVM);
	free(t.test.kvm_failed);
	t.test.kvm_failed = NULL;
	CHECK(!take(&t, "QEMU died", false)); /* the next test of the script */
	CHECK(!end(&t));
}

TEST(fallback, kvm_that_was_demanded_is_not_left)
{
	struct trial t;

	begin(&t);
	t.fb.accel.demanded = true;
	CHECK(!take(&t, "QEMU died", false));
	CHECK(!take(&t, NULL, false));
	CHECK(!end(&t));
}

TEST(fallback, one_verdict_is_enough_for_all_who_tried)
{
	struct trial t;
	struct fallback_test other = {0};

	begin(&t);
	CHECK(take(&t, "QEMU died", false));
	other.kvm_failed = t.test.kvm_failed;
	t.test.kvm_failed = NULL;
	CHECK(take(&t, "silent", false));
	CHECK(!take(&t, NULL, true));
	free(t.test.kvm_failed);
	t.test = other;
	heard();
	CHECK(!take(&t, NULL, true));
	CHECK_STR(heard(), "");
	CHECK(end(&t));
}

/* ---- limits ---- */

TEST(limits, the_nearest_wish_counts_and_the_watchdog_comes_last)
{
	const struct accel tcg = {.slow = 4};
	struct spec w = {.accel = &tcg};
	struct settings s = {0};

	limits_set(&w, &s, 0, 0);
	CHECK_INT(w.test_timeout, 1200);
	CHECK_INT(w.boot_timeout, 120);
	s.boot_timeout = 7;
	limits_set(&w, &s, 0, 20);
	CHECK_INT(w.test_timeout, 20);
	CHECK_INT(w.boot_timeout, 7);
	limits_set(&w, &s, 5, 20);
	CHECK_INT(w.test_timeout, 5);
	CHECK(limits_life(&w, false) > w.test_timeout + w.boot_timeout + w.call_timeout);
	CHECK(limits_life(&w, true) > limits_life(&w, false));
}
