/* wiring.c - QEMU's process and the sockets that connect a machine to it */
#include "machine/wiring.h"

#include <assert.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/proc.h"
#include "machine/disks.h"
#include "qemu/confine.h"

static_assert(COMMAND_FDS <= PROC_FDS_MAX, "a child can be given all that QEMU needs");
static_assert(SPEC_MACHINES_MAX <= SWITCH_PORTS_MAX, "all machines fit on a network");

/* Our ends of what connects us to QEMU, and QEMU's; unused ones are -1. */
struct wiring {
	int ours[COMMAND_FDS];
	int theirs[COMMAND_FDS];
};

static void wiring_close(struct wiring *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(w->ours); i++) {
		fd_close(&w->ours[i]);
		fd_close(&w->theirs[i]);
	}
}

static int open_bases(struct wiring *w, const struct machine_origin *o, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(o->bases) && o->bases[i]; i++) {
		w->theirs[COMMAND_FD_BASE + i] = open(o->bases[i], O_RDONLY | O_CLOEXEC);
		if (w->theirs[COMMAND_FD_BASE + i] < 0)
			return err_errno(err, "cannot open '%s'", o->bases[i]);
	}
	return 0;
}

/* What to go on from, if there is something. */
static int open_state(struct wiring *w, const struct machine_origin *o, struct err *err)
{
	const char *state = o->frozen ? o->frozen : o->state;

	if (!state)
		return 0;
	w->theirs[COMMAND_FD_STATE] = open(state, O_RDONLY | O_CLOEXEC);
	return w->theirs[COMMAND_FD_STATE] < 0 ? err_errno(err, "cannot open '%s'", state) : open_bases(w, o, err);
}

/* A frozen machine has its freezer from its making. */
static int open_freezer(struct wiring *w, const struct machine_origin *o, struct err *err)
{
	int fds[2];

	if (!o->freezer && !o->frozen)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_errno(err, "cannot create a socket pair");
	w->ours[COMMAND_FD_FREEZER] = fds[0];
	w->theirs[COMMAND_FD_FREEZER] = fds[1];
	return 0;
}

static int wiring_open(struct wiring *w, size_t nics, const struct machine_origin *o, struct err *err)
{
	int fds[2];

	for (size_t i = 0; i < ARRAY_SIZE(w->ours); i++)
		w->ours[i] = w->theirs[i] = -1;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "cannot create a pipe");
	w->ours[2] = fds[0];
	w->theirs[2] = fds[1];
	for (int fd = COMMAND_FD_QMP; fd < COMMAND_FD_NIC; fd++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
			return err_errno(err, "cannot create a socket pair");
		w->ours[fd] = fds[0];
		w->theirs[fd] = fds[1];
	}
	for (size_t i = 0; i < nics; i++)
		if (switch_socketpair(&w->ours[COMMAND_FD_NIC + i], &w->theirs[COMMAND_FD_NIC + i], err) < 0)
			return -1;
	return open_freezer(w, o, err) < 0 ? -1 : open_state(w, o, err);
}

/* Return: QEMU's command line, which the caller frees. */
static char **command_line(const struct machine *m)
{
	struct command c;
	char **argv;
	int bases = 0;

	while (bases < COMMAND_BASES_MAX && m->origin.bases[bases])
		bases++;
	if (m->origin.frozen)
		return command_thaw(m->world->qemu, m->spec->name, bases);
	spec_command(m->world, m->index, m->origin.ram != NULL, &c);
	c.ram = m->origin.ram;
	c.ram_shared = m->origin.kept;
	c.incoming = m->origin.state != NULL;
	c.freezer = m->origin.freezer;
	disks_name(m, &c);
	argv = command_argv(&c);
	disks_unname(&c);
	return argv;
}

static int spawn(struct machine *m, struct wiring *w, struct err *err)
{
	cleanup_free char **environment = confine_environment(environ);
	char **argv = command_line(m);
	struct proc_spec p = {.path = m->world->qemu, .argv = argv};

	confine_process(&p, environment);
	for (int fd = 0; fd < (int)ARRAY_SIZE(w->theirs); fd++)
		if (w->theirs[fd] >= 0)
			p.fds[p.nfds++] = (struct proc_fd){.from = w->theirs[fd], .to = fd};
	m->pid = proc_start(&p, &m->exit.fd, err);
	command_argv_free(argv);
	return m->pid < 0 ? -1 : 0;
}

static int connect_all(struct machine *m, struct wiring *w, struct err *err)
{
	struct loop *l = m->loop;

	if (console_start(&m->errors, l, fd_steal(&w->ours[2]), err) < 0 ||
	    qmp_start(&m->qmp, l, fd_steal(&w->ours[COMMAND_FD_QMP]), err) < 0 ||
	    link_start(&m->agent, l, fd_steal(&w->ours[COMMAND_FD_AGENT]), err) < 0 ||
	    console_start(&m->console, l, fd_steal(&w->ours[COMMAND_FD_CONSOLE]), err) < 0)
		return -1;
	for (size_t i = 0; i < m->spec->nnets; i++) {
		m->ports[i] = switch_attach(m->switches[m->spec->nets[i]], w->ours[COMMAND_FD_NIC + i],
					    (int)m->index, err);
		if (m->ports[i] < 0)
			return -1;
		w->ours[COMMAND_FD_NIC + i] = -1;
	}
	m->freezer.fd = fd_steal(&w->ours[COMMAND_FD_FREEZER]);
	return loop_watch(l, &m->exit, m->exit.fd, EPOLLIN, err);
}

int wiring_connect(struct machine *m, struct err *err)
{
	struct wiring w;
	int r;

	r = wiring_open(&w, m->spec->nnets, &m->origin, err);
	if (r == 0)
		r = disks_open(m, err);
	if (r == 0)
		r = spawn(m, &w, err);
	if (r == 0)
		r = connect_all(m, &w, err);
	wiring_close(&w);
	return r;
}
