/* layer.c - the machines that a setup leaves are saved all together, or not at all */
#include "unit.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "fake_qemu.h"
#include "state/layer.h"

#define PATIENCE_S 60
#define N	   2

static struct {
	struct loop loop;
	struct machine machines[N];
	int ups, stops;
	bool saving;
	struct err err;
} s;

static char dir[32];
static char kernel[] = "/dev/null", initrd[] = "/dev/null";
static struct machine_spec machine_specs[N] = {
	{.name = "a", .hostname = "a", .memory = 1, .cpus = 1, .kernel = kernel, .initrd = initrd},
	{.name = "b", .hostname = "b", .memory = 1, .cpus = 1, .kernel = kernel, .initrd = initrd},
};
static const struct accel accel = {.kind = ACCEL_TCG, .slow = 1};
static const struct spec spec = {.accel = &accel, .qemu = FAKE_QEMU, .machines = machine_specs, .nmachines = N,
				 .boot_timeout = PATIENCE_S, .call_timeout = PATIENCE_S};

static void on_up(void *arg, struct machine *m)
{
	(void)arg;
	(void)m;
	if (++s.ups == N)
		loop_stop(&s.loop);
}

static void on_stopped(void *arg, struct machine *m)
{
	(void)arg;
	(void)m;
	s.stops++;
	if (s.saving) /* as the world does */
		loop_stop(&s.loop);
}

/* Boot the machines, each with a QEMU of its plan, their memory in files. */
static void begin(const char *plan_a, const char *plan_b)
{
	static const struct machine_owner owner = {.up = on_up, .stopped = on_stopped};
	const char *plans[N] = {plan_a, plan_b};

	memset(&s, 0, sizeof(s));
	strcpy(dir, "/tmp/vmtap-unit-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	CHECK_INT(loop_init(&s.loop, NULL), 0);
	for (size_t i = 0; i < N; i++) {
		struct machine_origin o = {.kept = true, .rehearse = true, .ram = layer_path(dir, machine_specs[i].name, "ram")};

		CHECK_INT(file_write_atomic(o.ram, "", 0, 0600, NULL), 0);
		fake_qemu(plans[i], "State blocked");
		machine_init(&s.machines[i], &spec, i, &s.loop, NULL, &owner);
		machine_start(&s.machines[i], o);
	}
	CHECK_INT(loop_run(&s.loop, NULL), 0);
	CHECK_INT(s.ups, N);
}

static void end(void)
{
	for (size_t i = 0; i < N; i++)
		machine_free(&s.machines[i]);
	loop_free(&s.loop);
	file_remove_tree(dir);
}

/* Return: why the machines could not be saved, or "". */
static const char *save(double limit)
{
	s.saving = true;
	s.err = (struct err){0};
	CHECK_INT(layer_save(&s.loop, NULL, 0, s.machines, N, dir, limit, &s.err), s.err.text[0] ? -1 : 0);
	return s.err.text;
}

/* Whether nothing of the save is left that could be called. */
static bool is_over(void)
{
	bool off = true;

	for (size_t i = 0; i < N; i++)
		off &= s.machines[i].state == MACHINE_OFF && s.machines[i].exit.fd < 0;
	return off && s.loop.timers == NULL && loop_poll(&s.loop, NULL) == 0;
}

TEST(layer, all_machines_that_are_up_are_saved)
{
	cleanup_free char *names = NULL;
	cleanup_buf struct buf text = {0};

	begin("", "");
	CHECK_STR(save(PATIENCE_S), "");
	CHECK(layer_has(dir, "a") && layer_has(dir, "b"));
	names = path_join(dir, "machines");
	CHECK_INT(file_read(names, 100, &text, NULL), 0);
	CHECK_STR(buf_str(&text), "a\nb\n\n");
	CHECK_INT(s.stops, 0);
	end();
}

TEST(layer, a_machine_that_is_off_is_left_out)
{
	begin("", "");
	machine_reset(&s.machines[0]);
	CHECK_STR(save(PATIENCE_S), "");
	CHECK(!layer_has(dir, "a") && layer_has(dir, "b"));
	end();
}

TEST(layer, a_machine_that_stops_while_another_is_awaited_ends_it)
{
	begin("off-quiet", "restless");
	CHECK_STR(save(PATIENCE_S), "a machine stopped before all were saved");
	CHECK_INT(s.stops, 1);
	CHECK(is_over());
	end();
}

TEST(layer, a_machine_that_stops_over_its_save_ends_it)
{
	begin("", "off-saving");
	CHECK_STR(save(PATIENCE_S), "a machine stopped before all were saved");
	CHECK(is_over());
	end();
}

TEST(layer, the_first_refusal_is_the_reason)
{
	begin("not-saved", "");
	CHECK_STR(save(PATIENCE_S), "State blocked");
	CHECK(is_over());
	end();
}

TEST(layer, there_is_one_limit_for_all_of_it)
{
	begin("restless", "");
	CHECK_STR(save(0.02), "it took too long");
	CHECK(is_over());
	end();
}

TEST(layer, a_machine_whose_memory_is_its_own_cannot_be_saved)
{
	begin("", "");
	s.machines[1].origin.kept = false;
	CHECK_STR(save(PATIENCE_S), "'b' has no template to begin with");
	end();
}
