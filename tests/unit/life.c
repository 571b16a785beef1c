/* life.c - where a machine's life begins, and what happens when it cannot */
#include "unit.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "fake_qemu.h"
#include "state/layer.h"
#include "state/life.h"
#include "state/template.h"
#include "store/store.h"

#define PATIENCE_S 60
#define MACHINES   1

static struct {
	struct loop loop;
	struct machine machine;
	struct life life;
	struct timer limit;
	int ups, stops, saves;
	char *error; /* of the last save */
	bool again;  /* the machine is to be started when it stops */
} s;

static char dir[32];
static char paths[4][64];
static struct machine_spec machines[MACHINES];
static const struct accel accel = {.kind = ACCEL_TCG, .slow = 1};
static struct spec spec;

static void on_up(void *arg, struct machine *m)
{
	(void)arg;
	(void)m;
	s.ups++;
	loop_stop(&s.loop);
}

static void on_stopped(void *arg, struct machine *m)
{
	(void)arg;
	CHECK(m->exit.fd < 0 && m->requests.first == NULL);
	s.stops++;
	if (s.again) {
		s.again = false;
		machine_reset(m);
		life_start(&s.life);
	} else {
		loop_stop(&s.loop);
	}
}

static void on_saved(void *arg, const char *error)
{
	(void)arg;
	s.saves++;
	free(s.error);
	s.error = error ? xstrdup(error) : NULL;
	loop_stop(&s.loop);
}

static void too_late(void *arg)
{
	(void)arg;
	CHECK(!"in time");
	loop_stop(&s.loop);
}

/* Return: a file in the folder, which exists. */
static char *put(int i, const char *name)
{
	snprintf(paths[i], sizeof(paths[i]), "%s/%s", dir, name);
	CHECK_INT(file_write_atomic(paths[i], name, strlen(name), 0755, NULL), 0);
	return paths[i];
}

static void begin(void)
{
	static const struct machine_owner owner = {.up = on_up, .stopped = on_stopped};

	memset(&s, 0, sizeof(s));
	strcpy(dir, "/tmp/vmtap-unit-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	for (size_t i = 0; i < MACHINES; i++)
		machines[i] = (struct machine_spec){.name = "m", .hostname = "m", .memory = 1, .cpus = 1,
						    .kernel = put(0, "kernel"), .initrd = put(1, "initrd")};
	spec = (struct spec){.accel = &accel, .qemu = FAKE_QEMU, .store = dir, .machines = machines, .nmachines = MACHINES,
			     .finish_later = true, /* a template without an identity is taken, and its key is public */
			     .boot_timeout = PATIENCE_S, .call_timeout = PATIENCE_S, .test_timeout = PATIENCE_S};
	CHECK_INT(loop_init(&s.loop, NULL), 0);
	s.limit = (struct timer){.expired = too_late};
	machine_init(&s.machine, &spec, 0, &s.loop, NULL, &owner);
	life_init(&s.life, &s.machine, &owner);
	fake_qemu("", "");
}

static void end(void)
{
	machine_free(&s.machine);
	life_free(&s.life);
	loop_free(&s.loop);
	free(s.error);
	file_remove_tree(dir);
}

/* Let the loop run until the machine is up, has stopped or was saved. */
static void run(void)
{
	loop_timer(&s.loop, &s.limit, clock_now() + PATIENCE_S * NS_PER_S);
	CHECK_INT(loop_run(&s.loop, NULL), 0);
	loop_timer(&s.loop, &s.limit, CLOCK_NEVER);
}

/* Start the machine and see what becomes of it. Return: why it is gone, "" when it is not. */
static const char *start(void)
{
	int before = s.ups + s.stops;

	life_start(&s.life);
	if (s.ups + s.stops == before)
		run();
	return s.machine.gone ? s.machine.gone : "";
}

static int build(const char *folder, void *arg, struct err *err)
{
	cleanup_free char *ram = path_join(folder, ORIGIN_RAM), *state = path_join(folder, ORIGIN_STATE);

	(void)arg;
	return file_write_atomic(ram, "ram", 3, 0600, err) < 0 ? -1 : file_write_atomic(state, "state", 5, 0600, err);
}

static bool has_template(void)
{
	bool generic;
	cleanup_free char *path = template_find(&spec, 0, &generic);

	CHECK(generic);
	return path != NULL;
}

/* The store has a template of the machine. */
static void make_template(void)
{
	struct sha256 sum;
	char key[SHA256_HEX];
	cleanup_free char *path = NULL;

	sha256_init(&sum);
	CHECK_INT(template_add_key(&spec, 0, &sum, NULL), 0);
	sha256_hex(&sum, key);
	CHECK_INT(store_get(dir, TEMPLATE_KIND, key, build, NULL, &path, NULL), 0);
	CHECK(has_template());
}

/* ---- boots ---- */

TEST(life, a_boot_and_a_shutdown)
{
	begin();
	spec.cold = true;
	CHECK_STR(start(), "");
	CHECK_INT(s.machine.state, MACHINE_UP);
	CHECK_STR(s.machine.qemu_version, "7.2.0");
	machine_shutdown(&s.machine, clock_now() + PATIENCE_S * NS_PER_S);
	run();
	CHECK_INT(s.machine.state, MACHINE_OFF);
	CHECK_INT(s.stops, 1);
	CHECK_STR(start(), "");
	CHECK_INT(s.ups, 2);
	machine_crash(&s.machine);
	run();
	CHECK_INT(s.machine.state, MACHINE_OFF);
	CHECK_INT(s.stops, 2);
	end();
}

TEST(life, a_qemu_that_dies_is_told_once_with_its_words)
{
	begin();
	spec.cold = true;
	fake_qemu("dies", "no such board");
	CHECK_STR(start(), "QEMU of 'm' died while the machine was booting: exit status 1: no such board");
	CHECK_INT(s.machine.loss, LOSS_QEMU);
	CHECK_INT(s.stops, 1);
	end();
}

TEST(life, last_words_have_an_end)
{
	begin();
	spec.cold = true;
	fake_qemu("floods", "");
	CHECK_HAS(start(), "died while the machine was booting: exit status 1: ");
	CHECK_HAS(s.machine.gone, "flood");
	CHECK(s.machine.errors.text.len <= 2 * CONSOLE_KEEP);
	end();
}

TEST(life, a_machine_may_be_started_from_within_its_end)
{
	begin();
	spec.cold = true;
	fake_qemu("dies", "x");
	s.again = true;
	CHECK_HAS(start(), "died while the machine was booting");
	CHECK_INT(s.stops, 2);
	end();
}

TEST(life, what_cannot_be_started_is_told_from_within)
{
	begin();
	spec.qemu = NULL;
	spec.qemu_missing = "there is no QEMU";
	CHECK_STR(start(), "there is no QEMU");
	CHECK_INT(s.stops, 1);
	machine_reset(&s.machine);
	spec.cold = true;
	spec.qemu = "/nowhere/qemu";
	CHECK_STR(start(), "cannot start 'm': cannot run '/nowhere/qemu': No such file or directory");
	CHECK_INT(s.machine.loss, LOSS_HOST);
	CHECK_INT(s.stops, 2);
	end();
}

/* ---- templates ---- */

TEST(life, a_template_is_resumed)
{
	begin();
	make_template();
	CHECK_STR(start(), "");
	CHECK_INT(s.life.origin, ORIGIN_GENERIC);
	CHECK_INT(s.ups, 1);
	CHECK(!s.life.no_template);
	end();
}

TEST(life, a_template_that_cannot_be_resumed_is_thrown_away_and_the_machine_boots)
{
	begin();
	make_template();
	fake_qemu("not-resumed", "load of migration failed");
	CHECK_STR(start(), "");
	CHECK_INT(s.ups, 1);
	CHECK_INT(s.stops, 0); /* the loss was made good */
	CHECK_INT(s.life.origin, ORIGIN_BOOT);
	CHECK_STR(s.life.no_template, "its template cannot be resumed, so it boots: load of migration failed");
	CHECK(!has_template());
	end();
}

TEST(life, a_template_that_the_host_could_not_resume_is_kept)
{
	begin();
	make_template();
	fake_qemu("not-resumed", "Cannot allocate memory");
	CHECK_STR(start(), "");
	CHECK_INT(s.life.origin, ORIGIN_BOOT);
	CHECK(has_template());
	end();
}

TEST(life, a_boot_in_place_of_a_template_may_fail_at_once)
{
	static const char script[] = "#!/bin/sh\nrm \"$0\"\necho load of migration failed >&2\nexit 1\n";

	begin();
	spec.qemu = put(2, "qemu");
	CHECK_INT(file_write_atomic(spec.qemu, script, strlen(script), 0755, NULL), 0);
	make_template();
	CHECK_HAS(start(), "cannot start 'm': cannot run '");
	CHECK_INT(s.machine.loss, LOSS_HOST);
	CHECK_INT(s.stops, 1);
	end();
}

/* ---- templates in the making ---- */

TEST(life, a_template_is_made_and_resumed)
{
	begin();
	CHECK_STR(start(), "");
	CHECK_INT(s.life.origin, ORIGIN_GENERIC);
	CHECK_INT(s.ups, 1);
	CHECK(has_template());
	end();
}

TEST(life, a_machine_that_does_not_come_up_for_its_template_does_not_come_up)
{
	begin();
	fake_qemu("dies", "no such board");
	CHECK_HAS(start(), "died while the machine was booting: exit status 1: no such board");
	CHECK_INT(s.machine.loss, LOSS_QEMU);
	CHECK_INT(s.stops, 1);
	end();
}

/* Whether a machine that cannot be saved boots, and why it could not be. */
static void boots_because(const char *plan, const char *words, const char *why)
{
	begin();
	fake_qemu(plan, words);
	CHECK_STR(start(), "");
	CHECK_INT(s.ups, 1);
	CHECK_INT(s.life.origin, ORIGIN_BOOT);
	CHECK_HAS(s.life.no_template ? s.life.no_template : "", why);
	CHECK(!has_template());
	end();
}

TEST(life, a_machine_that_cannot_be_saved_boots)
{
	boots_because("not-saved", "State blocked", "QEMU cannot save this machine: State blocked");
	boots_because("dies-saving", "no room", "it was lost while it was saved: QEMU of 'm' died while the machine was up");
	boots_because("off-saving", "", "it was lost while it was saved: 'm' powered itself off");
}

TEST(life, a_crash_ends_the_making_of_its_template)
{
	begin();
	fake_qemu("silent", "");
	life_start(&s.life);
	CHECK_INT(s.machine.state, MACHINE_EXPECTED);
	machine_crash(&s.machine);
	CHECK_INT(s.machine.state, MACHINE_OFF);
	CHECK_INT(s.stops, 1);
	CHECK(!s.life.making);
	end();
}

/* ---- what setup left ---- */

TEST(life, what_setup_left_and_cannot_be_resumed_is_told)
{
	begin();
	put(2, "m.state");
	put(3, "m.ram");
	spec.layer = dir;
	spec.cold = true;
	fake_qemu("not-resumed", "no such section");
	CHECK_STR(start(), "'m' cannot be resumed as setup left it: no such section");
	CHECK_INT(s.machine.loss, LOSS_STATE);
	CHECK(s.life.layer_failed);
	CHECK_INT(s.stops, 1);
	end();
}

TEST(life, what_setup_left_is_resumed_once)
{
	begin();
	put(2, "m.state");
	put(3, "m.ram");
	spec.layer = dir;
	spec.cold = true;
	CHECK_STR(start(), "");
	CHECK_INT(s.life.origin, ORIGIN_LAYER);
	machine_crash(&s.machine);
	run();
	CHECK_STR(start(), "");
	CHECK_INT(s.life.origin, ORIGIN_BOOT);
	end();
}

/* ---- checkpoints ---- */

/* A machine that is up, with a QEMU of that plan, is saved as "a". */
static void save(const char *plan, const char *words)
{
	begin();
	spec.cold = true;
	fake_qemu(plan, words);
	CHECK_STR(start(), "");
	life_save(&s.life, "a", on_saved, NULL);
	run();
}

TEST(life, a_checkpoint_is_gone_back_to_as_often_as_one_likes)
{
	save("", "");
	CHECK_INT(s.saves, 1);
	CHECK(!s.error);
	CHECK(!life_restore(&s.life, "b"));
	CHECK_INT(s.machine.state, MACHINE_UP);
	for (int i = 0; i < 2; i++) {
		CHECK(life_restore(&s.life, "a"));
		CHECK_INT(s.machine.state, MACHINE_RESUMING);
		run();
		CHECK_INT(s.machine.state, MACHINE_UP);
		CHECK_INT(s.life.origin, ORIGIN_CHECKPOINT);
	}
	CHECK_INT(s.stops, 0); /* nobody is told of the machine that was left */
	end();
}

TEST(life, a_machine_that_cannot_be_saved_runs_on)
{
	save("not-saved", "State blocked");
	CHECK_INT(s.saves, 1);
	CHECK_STR(s.error ? s.error : "", "State blocked");
	CHECK_INT(s.machine.state, MACHINE_UP);
	CHECK(!life_restore(&s.life, "a"));
	end();
}

TEST(life, nobody_hears_of_the_save_of_a_machine_that_stops_meanwhile)
{
	save("dies-saving", "no room");
	CHECK_INT(s.saves, 0);
	CHECK_INT(s.stops, 1);
	CHECK_HAS(s.machine.gone ? s.machine.gone : "", "died while the machine was up: exit status 1: no room");
	CHECK(!s.life.pending);
	end();
}

static void look_for_save(void *arg)
{
	if (!s.life.pending)
		loop_stop(&s.loop);
	else
		loop_timer(&s.loop, arg, clock_now() + NS_PER_MS);
}

TEST(life, a_save_goes_on_without_who_asked_for_it)
{
	struct timer look = {.expired = look_for_save, .arg = &look};

	begin();
	spec.cold = true;
	CHECK_STR(start(), "");
	life_save(&s.life, "a", on_saved, &s);
	life_forget_save(&s.life, &spec); /* of somebody else, who has none */
	CHECK(s.life.saved != NULL);
	life_forget_save(&s.life, &s);
	loop_timer(&s.loop, &look, 0);
	run();
	CHECK_INT(s.saves, 0);
	CHECK(life_restore(&s.life, "a"));
	run();
	CHECK_INT(s.machine.state, MACHINE_UP);
	end();
}

TEST(life, a_machine_is_saved_once_at_a_time)
{
	begin();
	spec.cold = true;
	CHECK_STR(start(), "");
	life_save(&s.life, "a", on_saved, NULL);
	CHECK_INT(s.saves, 0);
	life_save(&s.life, "b", on_saved, NULL);
	CHECK_INT(s.saves, 1);
	CHECK_STR(s.error ? s.error : "", "it is being saved already");
	run();
	CHECK_INT(s.saves, 2);
	CHECK(!s.error);
	life_save(&s.life, "b", on_saved, NULL);
	CHECK(life_restore(&s.life, "a")); /* which ends the save that is under way */
	CHECK(!s.life.pending);
	run();
	CHECK_INT(s.machine.state, MACHINE_UP);
	CHECK_INT(s.saves, 2);
	end();
}

TEST(life, a_checkpoint_that_cannot_be_resumed_is_no_reason_to_boot)
{
	save("", "");
	fake_qemu("not-resumed", "no such section");
	CHECK(life_restore(&s.life, "a"));
	run();
	CHECK_STR(s.machine.gone ? s.machine.gone : "", "'m' cannot be resumed as save() kept it: no such section");
	CHECK_INT(s.stops, 1);
	end();
}

/* ---- roots that are changed on a disk, and reboots ---- */

#define MARK_AT (1 << 20)

/* What a guest would: change its root. */
static void change_root(void)
{
	CHECK_INT(pwrite(s.life.changes, "mark", 4, MARK_AT), 4);
}

static bool is_changed(void)
{
	char mark[4] = "";

	return pread(s.life.changes, mark, 4, MARK_AT) == 4 && memcmp(mark, "mark", 4) == 0;
}

static void shut_down(void)
{
	machine_shutdown(&s.machine, clock_now() + PATIENCE_S * NS_PER_S);
	run();
	CHECK_INT(s.machine.state, MACHINE_OFF);
}

static void begin_with_disk(bool keep)
{
	begin();
	spec.cold = true;
	machines[0].changes = 16;
	machines[0].keep = machines[0].may_reboot = keep;
}

TEST(life, a_kept_root_outlives_what_ends_the_machine)
{
	begin_with_disk(true);
	CHECK_STR(start(), "");
	CHECK(!s.machine.origin.again);
	change_root();
	shut_down();
	CHECK_STR(start(), "");
	CHECK(s.machine.origin.again && is_changed());
	machine_crash(&s.machine);
	run();
	CHECK_STR(start(), "");
	CHECK(is_changed());
	end();
}

TEST(life, another_root_is_as_at_first)
{
	begin_with_disk(false);
	CHECK_STR(start(), "");
	change_root();
	shut_down();
	CHECK_STR(start(), "");
	CHECK(!s.machine.origin.again && !is_changed());
	end();
}

TEST(life, a_root_that_never_came_up_is_begun_again)
{
	begin_with_disk(true);
	fake_qemu("silent", "");
	life_start(&s.life);
	change_root();
	machine_reset(&s.machine);
	fake_qemu("", "");
	CHECK_STR(start(), "");
	CHECK(!s.machine.origin.again && !is_changed());
	end();
}

TEST(life, a_checkpoint_has_the_root_too)
{
	begin_with_disk(true);
	CHECK_STR(start(), "");
	life_save(&s.life, "before", on_saved, NULL);
	run();
	CHECK(!s.error);
	change_root();
	CHECK(life_restore(&s.life, "before"));
	run();
	CHECK_INT(s.machine.state, MACHINE_UP);
	CHECK(!is_changed());
	end();
}

TEST(life, a_machine_that_is_to_reboot_is_started_again)
{
	begin_with_disk(true);
	CHECK_STR(start(), "");
	change_root();
	machine_reboot(&s.machine, clock_now() + PATIENCE_S * NS_PER_S);
	run(); /* it has stopped, */
	run(); /* and is up */
	CHECK_INT(s.stops, 1);
	CHECK_INT(s.ups, 2);
	CHECK_INT(s.machine.state, MACHINE_UP);
	CHECK(is_changed());
	end();
}

TEST(life, a_machine_that_powers_itself_off_instead_stays_off)
{
	begin_with_disk(true);
	CHECK_STR(start(), "");
	fake_qemu("stays-off", "");
	machine_crash(&s.machine);
	run();
	CHECK_STR(start(), "");
	machine_reboot(&s.machine, clock_now() + PATIENCE_S * NS_PER_S);
	run();
	CHECK_INT(s.machine.state, MACHINE_OFF);
	CHECK_STR(s.machine.off_why, "'m' powered itself off instead of rebooting");
	end();
}

static void ignore(void *arg, const struct frame *f)
{
	(void)arg;
	(void)f;
}

/* Its own doing, by a command. */
static void let_it(const char *plan)
{
	uint32_t id;
	size_t mark;

	fake_qemu(plan, "");
	CHECK_STR(start(), "");
	fake_qemu("", "");
	mark = machine_request(&s.machine, WIRE_EXEC, ignore, NULL, &id);
	wire_put_str(machine_out(&s.machine), "reboot");
	machine_send(&s.machine, mark);
	run();
}

TEST(life, a_guest_that_may_reboot_does)
{
	begin_with_disk(true);
	let_it("reboots");
	run();
	CHECK_INT(s.machine.state, MACHINE_UP);
	CHECK_INT(s.ups, 2);
	end();
}

TEST(life, a_guest_that_may_not_is_lost)
{
	begin_with_disk(false);
	let_it("reboots");
	CHECK_INT(s.machine.state, MACHINE_GONE);
	CHECK_HAS(s.machine.gone, "'m' rebooted while it was up");
	CHECK_HAS(s.machine.gone, ".reboot_ok = 1");
	end();
}

TEST(life, a_full_disk_of_the_host_is_no_fault_of_the_test)
{
	begin_with_disk(true);
	let_it("disk-full");
	CHECK_INT(s.machine.state, MACHINE_GONE);
	CHECK_INT(s.machine.loss, LOSS_HOST);
	CHECK_HAS(s.machine.gone, "the host's disk is full that holds what 'm' writes\nmake room");
	end();
}
