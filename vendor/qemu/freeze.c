/* freeze.c - `-device vmtap-freezer,control=N`: freeze the machine when asked, and go on in one that was thawed
 *
 * N is the descriptor of a SOCK_SEQPACKET socket. A message "freeze" with the
 * descriptor of an empty file attached has the machine written to that file;
 * the answer is "frozen", or "cannot freeze: " and why. Messages "base" before it,
 * at most FROZEN_BASES of them, each bring a file that it may be based on (frozen.h); messages "own" a file of a disk
 * that is this machine's alone, and of which each copy gets one of its own. The machine stands still
 * until there is a second process (frozen.h), some milliseconds, and then goes
 * on if it ran before; so does each machine that is thawed from the file, which
 * says "thawed" on what it has as descriptor N.
 *
 * The device is none of the guest's: it sits on no bus and has no state.
 *
 * The safe point: the main loop, between two of its handlers, holding the big
 * lock. vm_stop() has ended all that processors and disks were at, flushed the
 * disks, and left no coroutine waiting for the host; the block layer's workers
 * are sent away, as they come again when they are needed; callbacks of RCU have
 * run. What is left are the processors' threads, each waiting for its condition,
 * and RCU's. A copy begins both anew.
 *
 * QMP would have a thread, too (mon_iothread), for commands that may overtake
 * others. With this device it has none from the start, and such commands are not
 * offered: a copy's QMP connection goes on where the machine's was.
 *
 * Not for: KVM, whose machine is the kernel's; `thread=single` and `-icount`,
 * whose processors share a thread; displays and devices that have threads of
 * their own. All are refused by name, or by the number of threads.
 */
#include "qemu/osdep.h"

#include <malloc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "block/aio.h"
#include "block/thread-pool.h"
#include "exec/cpu-common.h"
#include "exec/exec-all.h"
#include "exec/ramblock.h"
#include "exec/ramlist.h"
#include "hw/boards.h"
#include "hw/core/cpu.h"
#include "hw/qdev-core.h"
#include "hw/qdev-properties.h"
#include "monitor/monitor-internal.h"
#include "qapi/error.h"
#include "qemu/config-file.h"
#include "qemu/guest-random.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/notify.h"
#include "qemu/option.h"
#include "qemu/rcu.h"
#include "sysemu/cpu-timers.h"
#include "sysemu/cpus.h"
#include "sysemu/iothread.h"
#include "sysemu/runstate-action.h"
#include "sysemu/runstate.h"
#include "sysemu/seccomp.h"
#include "sysemu/tcg.h"
#include "tcg/tcg.h"

#include "frozen.h"

#define REQUEST	      "freeze"
#define REQUEST_BASE  "base"
#define REQUEST_OWN   "own"
#define ANSWER_MAX    256
#define THREADS_MS    1000 /* that threads have to end which were told to */
#define FDS_LOOKED_AT 1024 /* for files that are part of an image; vmtap lets QEMU have so many */
#define MONITOR_BYTES 64   /* of QMP at a time: QEMU queues no more than 8 commands, and so many are not in there */
#define RCU_CALLBACKS 30   /* RCU's thread waits for so many (RCU_CALL_MIN_SIZE) before it runs any at once */

#define TYPE_FREEZER "vmtap-freezer"
OBJECT_DECLARE_SIMPLE_TYPE(Freezer, FREEZER)

/**
 * struct Freezer - The device
 * @control:	Descriptor that it is asked on
 * @order:	What is being written where; no image (-1) while nothing is
 * @stands:	Read end of the pipe that is closed when the machine may go on
 * @said:	Read end of the pipe from the child that writes it, which says nothing when all is well
 */
struct Freezer {
	DeviceState parent;
	uint32_t control;
	struct frozen_order order;
	int stands, said;
	pid_t writer;
};

/* Of QEMU's, in headers that are only its own. */
int tcg_cpus_exec(CPUState *cpu);
void fdmon_epoll_disable(AioContext *ctx);
extern TCGContext **tcg_ctxs;

static Freezer *writing; /* in fork() */

/* ---- processors ---- */

struct rcu_notice {
	Notifier notifier;
	CPUState *cpu;
};

static void do_nothing(CPUState *cpu, run_on_cpu_data d)
{
	(void)cpu;
	(void)d;
}

static void let_rcu_pass(Notifier *n, void *data)
{
	(void)data;
	async_run_on_cpu(container_of(n, struct rcu_notice, notifier)->cpu, do_nothing, RUN_ON_CPU_NULL);
}

static void run_processor(CPUState *cpu)
{
	int r;

	qemu_mutex_unlock_iothread();
	r = tcg_cpus_exec(cpu);
	qemu_mutex_lock_iothread();
	if (r == EXCP_DEBUG) {
		cpu_handle_guest_debug(cpu);
	} else if (r == EXCP_ATOMIC) {
		qemu_mutex_unlock_iothread();
		cpu_exec_step_atomic(cpu);
		qemu_mutex_lock_iothread();
	}
}

/* As mttcg_cpu_thread_fn(), but with the translator's context of the thread that was: its code is in that one's region. */
static void *be_processor(void *arg)
{
	CPUState *cpu = arg;
	struct rcu_notice notice = {.notifier.notify = let_rcu_pass, .cpu = cpu};

	rcu_register_thread();
	rcu_add_force_rcu_notifier(&notice.notifier);
	tcg_ctx = tcg_ctxs[cpu->cpu_index];
	qemu_mutex_lock_iothread();
	qemu_thread_get_self(cpu->thread);
	cpu->thread_id = qemu_get_thread_id();
	cpu->can_do_io = 1;
	current_cpu = cpu;
	qemu_guest_random_seed_thread_part2(cpu->random_seed);
	cpu->exit_request = 1;
	for (;;) {
		if (cpu_can_run(cpu))
			run_processor(cpu);
		qatomic_mb_set(&cpu->exit_request, 0);
		qemu_wait_io_event(cpu);
	}
	return NULL;
}

/* The old condition has a waiter that is no more; so it is left behind. */
static void begin_processor(CPUState *cpu)
{
	char name[32];

	cpu->thread = g_new0(QemuThread, 1);
	cpu->halt_cond = g_new0(QemuCond, 1);
	qemu_cond_init(cpu->halt_cond);
	snprintf(name, sizeof(name), "CPU %d/TCG", cpu->cpu_index);
	qemu_thread_create(cpu->thread, name, be_processor, cpu, QEMU_THREAD_JOINABLE);
}

/* ---- the safe point ---- */

static int count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *e;
	int n = 0;

	while (dir && (e = readdir(dir)) != NULL)
		n += e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

/* A worker that was sent away is gone a moment later. */
static bool has_known_threads(void)
{
	int64_t end = qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + THREADS_MS;
	int known = 2;
	CPUState *cpu;

	CPU_FOREACH(cpu)
		known++;
	while (count_threads() != known) {
		if (qemu_clock_get_ms(QEMU_CLOCK_REALTIME) > end)
			return false;
		g_usleep(100);
	}
	return true;
}

static void no_callback(struct rcu_head *head)
{
	(void)head;
}

/* With that many callbacks RCU's thread does not nap first, which takes 50 ms. */
static void run_rcu_callbacks(void)
{
	static struct rcu_head callbacks[RCU_CALLBACKS];

	for (int i = 0; i < RCU_CALLBACKS; i++)
		call_rcu1(&callbacks[i], no_callback);
	drain_call_rcu();
}

/* Guest memory of a private mapping is copied by fork(); of a shared one the machine would go on writing to the copy's. */
static int let_fork(RAMBlock *block, void *arg)
{
	(void)arg;
	if (qemu_ram_is_shared(block))
		return -1;
	return madvise(qemu_ram_get_host_addr(block), qemu_ram_get_max_length(block), MADV_DOFORK);
}

/* Stop all that goes on but this thread. Return: why it cannot be frozen there, or NULL. */
static const char *stop_all(void)
{
	AioContext *context = qemu_get_aio_context();

	if (vm_stop(RUN_STATE_PAUSED) < 0)
		return "its disks cannot be flushed";
	thread_pool_free(context->thread_pool);
	context->thread_pool = NULL;
	run_rcu_callbacks();
	if (!has_known_threads())
		return "it has threads other than its processors' (a display's, an I/O thread)";
	return qemu_ram_foreach_block(let_fork, NULL) < 0 ? "its memory is in a file that is shared with others" : NULL;
}

/* ---- the file ---- */

/* What was mapped from a file is memory like the rest from now on, and no copy needs that file. */
static void forget_memory_files(void)
{
	RAMBlock *block;

	RAMBLOCK_FOREACH(block)
		if (block->fd >= 0) {
			close(block->fd);
			block->fd = -1;
		}
}

/*
 * The kernel's file and the initramfs, which are mapped to be loaded again at each reset. Where a reset ends QEMU nobody
 * reads them, and they would be a quarter of the image. Sets paths, or NULLs; the caller frees them.
 */
static void find_useless_files(char **kernel, char **initrd)
{
	const MachineState *m = current_machine;
	bool once = reboot_action == REBOOT_ACTION_SHUTDOWN;

	*kernel = once && m->kernel_filename ? realpath(m->kernel_filename, NULL) : NULL;
	*initrd = once && m->initrd_filename ? realpath(m->initrd_filename, NULL) : NULL;
}

/* The first handler in a child of fork(), see frozen.h. */
static void become_image(void)
{
	const char *why = NULL;
	QemuOptsList *sandbox;
	char *kernel, *initrd;
	int result;

	if (!writing)
		return;
	close(writing->said);
	close(writing->stands);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	forget_memory_files();
	find_useless_files(&kernel, &initrd);
	writing->order.useless[0] = kernel;
	writing->order.useless[1] = initrd;
	result = frozen_write(&writing->order, &why);
	if (result < 0 && write(writing->order.said, why, strlen(why)) < 0)
		_exit(2);
	if (result <= 0)
		_exit(result < 0);
	/* Thawed. */
	free(kernel);
	free(initrd);
	sandbox = qemu_find_opts_err("sandbox", NULL);
	if (sandbox)
		qemu_opts_foreach(sandbox, parse_sandbox, NULL, &error_fatal);
}

/* Before QEMU's, so that its handler is called before theirs. */
static void __attribute__((constructor(101))) be_first_handler(void)
{
	pthread_atfork(NULL, NULL, become_image);
}

static void answer(Freezer *f, const char *text)
{
	/* Nobody may be there any more, which is known soon enough. */
	if (send((int)f->control, text, strlen(text), MSG_NOSIGNAL) < 0)
		return;
}

static void go_on_thawed(Freezer *f, bool run)
{
	CPUState *cpu;

	f->order = (struct frozen_order){.image = -1};
	CPU_FOREACH(cpu)
		begin_processor(cpu);
	answer(f, "thawed");
	if (run)
		vm_start();
}

static void forget_files(struct frozen_order *o)
{
	while (o->nbases > 0)
		close(o->bases[--o->nbases]);
	while (o->nown > 0)
		close(o->own[--o->nown]);
}

static bool has_content(const struct frozen_order *o)
{
	for (int fd = 0; fd < FDS_LOOKED_AT; fd++)
		if (frozen_is_content(o, fd))
			return true;
	return false;
}

/* While files are copied that are part of the image: until the child has closed its end, or has ended. */
static void stand_still(Freezer *f)
{
	char nothing;

	while (has_content(&f->order) && read(f->stands, &nothing, 1) < 0 && errno == EINTR)
		continue;
}

/* The child has said what there was to say, and ends. */
static void written(void *opaque)
{
	Freezer *f = opaque;
	char text[ANSWER_MAX] = "cannot freeze: ";
	size_t n = strlen(text);
	ssize_t got = read(f->said, text + n, sizeof(text) - 1 - n);
	int status = 0;

	if (got > 0) {
		text[n + (size_t)got] = '\0';
		answer(f, text);
	}
	qemu_set_fd_handler(f->said, NULL, NULL, NULL);
	close(f->said);
	close(f->order.image);
	waitpid(f->writer, &status, 0);
	f->order.image = -1;
	if (got <= 0)
		answer(f, status == 0 ? "frozen" : "cannot freeze: the process that writes the file was killed");
}

/* Return: whether the child's pipes are there. */
static bool open_pipes(Freezer *f)
{
	int said[2], stands[2];

	if (pipe2(said, O_CLOEXEC) < 0)
		return false;
	if (pipe2(stands, O_CLOEXEC) < 0) {
		close(said[0]);
		close(said[1]);
		return false;
	}
	f->said = said[0];
	f->order.said = said[1];
	f->stands = stands[0];
	f->order.stands = stands[1];
	return true;
}

static const char *freeze(Freezer *f, bool run)
{
	const char *why = stop_all();

	if (why)
		return why;
	if (!open_pipes(f))
		return "there are no more descriptors";
	writing = f;
	rcu_enable_atfork();
	f->writer = fork();
	rcu_disable_atfork();
	writing = NULL;
	if (f->writer == 0) {
		go_on_thawed(f, run);
		return NULL;
	}
	close(f->order.said);
	close(f->order.stands);
	stand_still(f);
	close(f->stands);
	forget_files(&f->order);
	if (f->writer < 0) {
		close(f->said);
		return "there can be no more processes";
	}
	qemu_set_fd_handler(f->said, written, NULL, f);
	return NULL;
}

/* ---- requests ---- */

/* Return: the descriptor that came with a request, or -1. Sets *@got to recvmsg()'s result. */
static int receive(Freezer *f, char *text, size_t size, ssize_t *got)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec vec = {text, size - 1};
	struct msghdr m = {.msg_iov = &vec, .msg_iovlen = 1, .msg_control = control.bytes};
	struct cmsghdr *c;
	int fd = -1;

	m.msg_controllen = sizeof(control.bytes);
	*got = recvmsg((int)f->control, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (*got < 0)
		return -1;
	text[*got] = '\0';
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static const char *why_not(const Freezer *f, const char *request, int fd)
{
	if (strcmp(request, REQUEST) != 0 || fd < 0)
		return "it was not asked for with \"" REQUEST "\" and a file";
	if (f->order.image >= 0)
		return "it is being frozen already";
	if (!tcg_enabled())
		return "it is not emulated (accel=tcg)";
	if (!qemu_tcg_mttcg_enabled() || icount_enabled())
		return "its processors share a thread (thread=single, icount)";
	if (!runstate_is_running() && !runstate_check(RUN_STATE_PAUSED))
		return "it neither runs nor is it paused";
	return NULL;
}

/*
 * Return: whether it was such a request. Of a base too many, the machine's file becomes larger; a file of its own too many
 * would be a disk that copies share.
 */
static bool take_file(Freezer *f, const char *request, int fd)
{
	struct frozen_order *o = &f->order;

	if (fd < 0)
		return false;
	if (strcmp(request, REQUEST_BASE) == 0 && o->nbases < FROZEN_BASES)
		o->bases[o->nbases++] = fd;
	else if (strcmp(request, REQUEST_BASE) == 0)
		close(fd);
	else if (strcmp(request, REQUEST_OWN) == 0 && o->nown < FROZEN_OWN_FILES)
		o->own[o->nown++] = fd;
	else
		return false;
	return true;
}

/* Return: why it is not frozen, or NULL; @fd is taken over then. */
static const char *take_request(Freezer *f, const char *request, int fd)
{
	bool run = runstate_is_running();
	const char *why = why_not(f, request, fd);

	if (why)
		return why;
	f->order.image = fd;
	why = freeze(f, run);
	if (why)
		f->order.image = -1;
	if (run && !runstate_is_running())
		vm_start();
	return why;
}

static void requested(void *opaque)
{
	Freezer *f = opaque;
	char text[ANSWER_MAX];
	const char *why;
	ssize_t got;
	int fd = receive(f, text, sizeof(text), &got);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		qemu_set_fd_handler((int)f->control, NULL, NULL, NULL);
		return;
	}
	if (take_file(f, text, fd))
		return;
	why = take_request(f, text, fd);
	if (!why)
		return;
	forget_files(&f->order);
	snprintf(text, sizeof(text), "cannot freeze: %s", why);
	answer(f, text);
	if (fd >= 0)
		close(fd);
}

/* ---- the device ---- */

/* QEMU's own reads a byte in each turn of the main loop. */
static int can_read(void *opaque)
{
	return monitor_can_read(opaque) ? MONITOR_BYTES : 0;
}

/* Into the main loop. It has heard that its connection is open, and must not hear it again: it would greet again. */
static void move_monitor(Monitor *m)
{
	CharBackend *b = &m->chr;

	m->use_io_thread = false;
	qemu_chr_fe_set_handlers_full(b, can_read, b->chr_read, b->chr_event, b->chr_be_change, b->opaque, NULL,
				      true, false);
}

static void move_monitors(void)
{
	Monitor *m;

	if (!mon_iothread)
		return;
	iothread_stop(mon_iothread);
	fdmon_epoll_disable(iothread_get_aio_context(mon_iothread));
	QTAILQ_FOREACH(m, &mon_list, entry)
		if (m->use_io_thread)
			move_monitor(m);
}

static void freezer_realize(DeviceState *d, Error **errp)
{
	Freezer *f = FREEZER(d);
	int type = 0;
	socklen_t size = sizeof(type);

	if (getsockopt((int)f->control, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET) {
		error_setg(errp, "control=%u is no socket of packets", f->control);
		return;
	}
	f->order.image = -1;
	mallopt(M_TRIM_THRESHOLD, INT_MAX); /* see frozen.h, heaps of threads */
	fcntl((int)f->control, F_SETFD, FD_CLOEXEC);
	move_monitors();
	fdmon_epoll_disable(qemu_get_aio_context());
	fdmon_epoll_disable(iohandler_get_aio_context());
	qemu_set_fd_handler((int)f->control, requested, NULL, f);
}

static Property freezer_properties[] = {
	DEFINE_PROP_UINT32("control", Freezer, control, 0),
	DEFINE_PROP_END_OF_LIST(),
};

static void freezer_class_init(ObjectClass *class, void *data)
{
	DeviceClass *d = DEVICE_CLASS(class);

	(void)data;
	d->desc = "write this machine to a file that is thawed with -thaw";
	d->realize = freezer_realize;
	d->hotpluggable = false;
	device_class_set_props(d, freezer_properties);
	set_bit(DEVICE_CATEGORY_MISC, d->categories);
}

static const TypeInfo freezer_info = {
	.name = TYPE_FREEZER,
	.parent = TYPE_DEVICE,
	.instance_size = sizeof(Freezer),
	.class_init = freezer_class_init,
};

static void freezer_register(void)
{
	type_register_static(&freezer_info);
}

type_init(freezer_register)
