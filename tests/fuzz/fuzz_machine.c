/* fuzz_machine.c - any bytes from a guest's agent, from hello to the answers of a command
 *
 * A machine without a QEMU, as it is while it boots, and the same bytes once more
 * for one that has a .provision and is to be saved. Once the agent has talked it
 * into being up it gets a command, whose answers are the fuzzer's, too.
 */
#include "fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "wire/agent.h"
#include "machine/machine.h"

static_assert(WIRE_VERSION == 5, "the corpus says so: a seed of another version gets no further than HELLO");

static int stopped;

static void on_answer(void *arg, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	size_t n;

	(void)arg;
	wire_get_u32(&r);
	wire_get_bytes(&r, &n);
	free(wire_get_str(&r));
}

static void on_up(void *arg, struct machine *m)
{
	uint32_t id;
	size_t mark = machine_request(m, WIRE_EXEC, on_answer, NULL, &id);

	(void)arg;
	wire_put_str(machine_out(m), "true");
	machine_send(m, mark);
}

static void on_stopped(void *arg, struct machine *m)
{
	(void)arg;
	if (stopped++ || !m->gone)
		abort(); /* told twice, or without a reason */
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static int connect_agent(struct machine *m, struct loop *loop)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 || link_start(&m->agent, loop, fds[0], NULL) < 0)
		abort();
	m->state = MACHINE_BOOTING;
	return fds[1];
}

static void boot(const uint8_t *data, size_t n, bool to_be_saved)
{
	static const struct accel accel = {.kind = ACCEL_TCG};
	static struct net_spec net = {.name = "lan", .mtu = 1500};
	static struct machine_spec spec = {.name = "fuzz", .hostname = "fuzz", .nets = {0}, .nnets = 1};
	static const struct spec world = {
		.accel = &accel, .machines = &spec, .nmachines = 1, .nets = &net, .nnets = 1, .boot_timeout = 1};
	static const struct machine_owner owner = {.up = on_up, .stopped = on_stopped};
	struct loop loop;
	struct timer end = {.expired = stop, .arg = &loop};
	struct machine m;
	int agent;

	stopped = 0;
	if (loop_init(&loop, NULL) < 0)
		abort();
	machine_init(&m, &world, 0, &loop, NULL, &owner);
	spec.provision = to_be_saved ? "true" : NULL;
	m.origin.kept = to_be_saved;
	agent = connect_agent(&m, &loop);
	if (fd_write_all(agent, data, n) < 0)
		abort();
	loop_timer(&loop, &end, clock_now()); /* one look at all of it */
	if (loop_run(&loop, NULL) < 0)
		abort();
	machine_free(&m);
	loop_free(&loop);
	fd_close(&agent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	boot(data, n, false);
	boot(data, n, true);
	return 0;
}
