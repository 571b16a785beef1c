/* child.c - shell commands: one fork, one exec, two pipes
 *
 * Theory of operation
 *
 * A command costs a vfork() and an execve(): no copy of our page tables, and
 * since the child runs in our memory until it execs, an exec that fails is
 * known without a pipe. The child may call only what touches nothing but itself.
 *
 * A command has ended when its process is reaped *and* its pipes are at end of
 * file, since a pipeline's last writer may outlive the shell for a moment. A
 * daemon that it left behind may hold the pipes for ever: so WIRE_LINGER_MS
 * after the shell's end the owner is told, and we go on reading what the daemon
 * writes into the void ("detached"), because closing the pipe would kill it with
 * SIGPIPE at its next line. The oldest is closed when there are too many.
 *
 * A spare (spare.h) is a child without an owner until a command comes for it. The
 * agent ends a spare for which no command comes soon, and ends it at once before
 * any request that could make a shell which is started afterwards differ from it.
 */
#include "agent/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/environment.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#define HOME	     "/root"
#define TERM_MAX     64	    /* bytes of a terminal's name */
#define ARGUMENT_MAX 131071 /* bytes of one argv string, NUL not counted (MAX_ARG_STRLEN) */
#define DETACHED_MAX 64	    /* pipes of finished commands that are still read */
#define DRAIN_READS  8	    /* reads of WIRE_CHUNK to empty a pipe of the usual 64 KiB, and some more */
#define SPARE_LIFE   (10 * NS_PER_S) /* guest time: a copy's first command comes at once, or may as well wait for a fork */
#define SCRIPT_FD    9	    /* where a long command finds its script */

/* ---- start ---- */

/* The OOM killer spares an agent beside an init (boot.c); it need not spare the commands that the agent runs. */
static void become_killable(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)!write(fd, "0", 1);
	if (fd >= 0)
		close(fd);
}

struct start {
	const char *path;
	const char *argv[4];
	const char *const *variables;
	const char *folder; /* or NULL: it stays where we are */
	int in, out, err, script;
	bool spared; /* as the agent is */
	bool ahead;  /* of its command */
	bool tty;    /* its standard input is to be its terminal */
	volatile int error; /* errno of the child, in our memory */
};

static void run(struct start *s)
{
	sigset_t none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (s->spared)
		become_killable();
	if (s->folder)
		(void)!chdir(s->folder);
	if (s->tty)
		ioctl(s->in, TIOCSCTTY, 0);
	if (dup2(s->in, 0) >= 0 && dup2(s->out, 1) >= 0 && dup2(s->err, 2) >= 0 &&
	    (s->script < 0 || dup2(s->script, SCRIPT_FD) >= 0) && (!s->ahead || spare_be_traced() == 0))
		execve(s->path, (char *const *)s->argv, (char *const *)s->variables);
	s->error = errno;
	_exit(127);
}

/* Not inlined: the child uses the stack of this function, which nobody reads after the child's exec. */
static __attribute__((noinline)) pid_t start(struct start *s)
{
	pid_t pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): a fork costs ten times as much under TCG */

	if (pid == 0)
		run(s); /* NOLINT(clang-analyzer-unix.Vfork): it ends in exec or _exit, and calls nothing but the kernel */
	return pid;
}

static pid_t start_checked(struct start *s, struct err *err)
{
	pid_t pid = start(s);

	if (pid < 0)
		return err_errno(err, "cannot fork");
	if (!s->error)
		return pid;
	waitpid(pid, NULL, 0);
	errno = s->error;
	return err_errno(err, "cannot run '%s'", s->path);
}

/* Return: a memory file with the command at a number above SCRIPT_FD, or -1. */
static int make_script(const char *command)
{
	cleanup_fd int fd = (int)syscall(SYS_memfd_create, "command", 0);

	if (fd < 0 || fd_write_all(fd, command, strlen(command)) < 0)
		return -1;
	return fcntl(fd, F_DUPFD_CLOEXEC, SCRIPT_FD + 1);
}

/* @command: NULL for a spare. */
static pid_t spawn(struct agent *a, const char *command, int in, int out, int err_fd, struct err *err)
{
	const char *text = command ? command : spare_argument();
	struct start s = {
		.path = "/bin/sh",
		.argv = {"/bin/sh", "-c", text},
		.variables = environment_get(),
		.folder = environment_folder(),
		.in = in, .out = out, .err = err_fd, .script = -1,
		.spared = !a->is_init, .ahead = !command,
	};
	cleanup_fd int script = -1;

	if (strlen(text) > ARGUMENT_MAX) {
		script = s.script = make_script(text);
		if (script < 0)
			return err_errno(err, "cannot keep a command of %zu bytes", strlen(text));
		s.argv[1] = "/proc/self/fd/9";
		s.argv[2] = NULL;
	}
	return start_checked(&s, err);
}

/* ---- end ---- */

static bool at_end(const struct child *c)
{
	return c->streams[0].at_end && c->streams[1].at_end;
}

static void close_stream(struct child_stream *s)
{
	loop_unwatch(&s->child->agent->loop, &s->watch);
	fd_close(&s->fd);
}

static void free_child(struct child *c)
{
	struct child **at = &c->agent->children;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	close_stream(&c->streams[0]);
	close_stream(&c->streams[1]);
	loop_timer(&c->agent->loop, &c->linger, CLOCK_NEVER);
	free(c);
}

/* New children go to the front of the list: the last detached one is the oldest. */
static void limit_detached(struct agent *a)
{
	struct child *oldest = NULL;
	int n = 0;

	for (struct child *c = a->children; c; c = c->next) {
		if (!c->reaped || c->ops)
			continue;
		oldest = c;
		n++;
	}
	if (n > DETACHED_MAX)
		free_child(oldest);
}

/* Tell the owner; what is still open is read into the void from now on. */
static void finish(struct child *c)
{
	const struct child_ops *ops = steal(c->ops);

	loop_timer(&c->agent->loop, &c->linger, CLOCK_NEVER);
	if (ops)
		ops->ended(c->arg, c);
	if (at_end(c)) {
		free_child(c);
		return;
	}
	child_hold(c, false); /* nobody has a window any more */
	limit_detached(c->agent);
}

static void check(struct child *c)
{
	if (!c->reaped)
		return;
	if (at_end(c) || !c->ops)
		finish(c);
	else if (!c->linger.active)
		loop_timer(&c->agent->loop, &c->linger, clock_now() + WIRE_LINGER_MS * NS_PER_MS);
}

/* ---- output ---- */

/* The descriptor is closed later, with the child: the owner is told of the end first. */
static void end_stream(struct child_stream *s)
{
	loop_unwatch(&s->child->agent->loop, &s->watch);
	s->at_end = true;
}

/* Read a stream once. Return: whether there may be more at once. */
static bool read_stream(struct child_stream *s)
{
	static char chunk[WIRE_CHUNK];
	struct child *c = s->child;
	ssize_t n;

	if (s->at_end)
		return false;
	n = read(s->fd, chunk, sizeof(chunk));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0)
		end_stream(s);
	else if (c->ops)
		c->ops->output(c->arg, s->id, chunk, (size_t)n);
	return n > 0 && !c->agent->full;
}

static void stream_ready(void *arg, uint32_t events)
{
	struct child_stream *s = arg;

	(void)events;
	read_stream(s);
	if (s->at_end)
		check(s->child);
}

/* All that a command wrote before it ended is in the pipes by now. */
static void drain(struct child *c)
{
	for (int i = 0; i < DRAIN_READS && read_stream(&c->streams[0]); i++)
		;
	for (int i = 0; i < DRAIN_READS && read_stream(&c->streams[1]); i++)
		;
}

static void linger_expired(void *arg)
{
	struct child *c = arg;

	if (!c->agent->full)
		drain(c);
	if (c->agent->full) /* the host is slow: what the command wrote must not be lost */
		loop_timer(&c->agent->loop, &c->linger, clock_now() + WIRE_LINGER_MS * NS_PER_MS);
	else
		finish(c);
}

/* Read from @fd, which becomes the child's: "a pipe", "a terminal" is @what. */
static int watch_stream(struct child *c, enum wire_stream id, int fd, const char *what, struct err *err)
{
	struct child_stream *s = &c->streams[id == WIRE_STDERR];

	*s = (struct child_stream){.child = c, .id = id, .fd = fd, .watch = {.ready = stream_ready, .arg = s}};
	if (fd < 0 || fd_set_nonblock(fd, 1) < 0)
		return err_errno(err, "cannot set up %s", what);
	return c->agent->full ? 0 : loop_watch(&c->agent->loop, &s->watch, fd, EPOLLIN, err);
}

static int add_stream(struct child *c, enum wire_stream id, int *write_end, struct err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "cannot create a pipe");
	*write_end = fds[1];
	return watch_stream(c, id, fds[0], "a pipe", err);
}

static struct child *new_child(struct agent *a)
{
	struct child *c = xcalloc(1, sizeof(*c));

	*c = (struct child){.agent = a, .next = a->children};
	c->streams[0] = c->streams[1] = (struct child_stream){.child = c, .fd = -1};
	c->linger = (struct timer){.expired = linger_expired, .arg = c};
	a->children = c;
	c->started = clock_now();
	return c;
}

/* @command: NULL for a spare. */
static struct child *start_child(struct agent *a, const char *command, int in, struct err *err)
{
	cleanup_fd int out = -1, err_fd = -1;
	struct child *c = new_child(a);

	if (add_stream(c, WIRE_STDOUT, &out, err) == 0 && add_stream(c, WIRE_STDERR, &err_fd, err) == 0)
		c->pid = spawn(a, command, in, out, err_fd, err);
	if (c->pid > 0)
		return c;
	free_child(c);
	return NULL;
}

/* ---- ahead of the command ---- */

static struct child *find_child(struct agent *a, pid_t pid)
{
	struct child *c = a->children;

	while (c && (c->pid != pid || c->reaped)) /* NOLINT(clang-analyzer-unix.Malloc): nothing in the list is freed */
		c = c->next;
	return c;
}

bool child_preparing(const struct agent *a)
{
	return a->spare.pid && !spare_is_ready(&a->spare);
}

/* Make the spare an ordinary child. Return: that child, or NULL if there was no spare */
static struct child *forget_spare(struct agent *a)
{
	struct child *c = a->spare.pid ? find_child(a, a->spare.pid) : NULL;

	a->spare = (struct spare){0};
	loop_timer(&a->loop, &a->spare_ends, CLOCK_NEVER);
	return c;
}

void child_unprepare(struct agent *a)
{
	struct child *c = forget_spare(a);

	if (c)
		child_abandon(c);
}

static void spare_expired(void *arg)
{
	child_unprepare(arg);
}

void child_prepare(struct agent *a)
{
	struct child *c;

	child_unprepare(a);
	c = start_child(a, NULL, a->null, NULL);
	if (!c)
		return;
	spare_begin(&a->spare, c->pid);
	a->spare_ends = (struct timer){.expired = spare_expired, .arg = a};
	loop_timer(&a->loop, &a->spare_ends, clock_now() + SPARE_LIFE);
}

/* Return: the spare, which runs @command, or NULL. */
static struct child *take_spare(struct agent *a, const char *command)
{
	struct child *c;

	if (!spare_is_ready(&a->spare) || spare_run(&a->spare, command) < 0) {
		child_unprepare(a);
		return NULL;
	}
	c = forget_spare(a);
	c->started = clock_now();
	return c;
}

struct child *child_start(struct agent *a, const char *command, const struct child_ops *ops, void *arg,
			  struct err *err)
{
	struct child *c = take_spare(a, command);

	c = c ? c : start_child(a, command, a->null, err);
	if (c) {
		c->ops = ops;
		c->arg = arg;
	}
	return c;
}

struct child *child_start_fed(struct agent *a, const char *command, int in, const struct child_ops *ops, void *arg,
			      struct err *err)
{
	struct child *c;

	child_unprepare(a); /* its input is another */
	c = start_child(a, command, in, err);
	if (c) {
		c->ops = ops;
		c->arg = arg;
	}
	return c;
}

/* What a terminal shows comes from its master, as the child's only stream. */
static int add_terminal(struct child *c, int master, struct err *err)
{
	c->streams[1].at_end = true;
	return watch_stream(c, WIRE_STDOUT, fcntl(master, F_DUPFD_CLOEXEC, 0), "a terminal", err);
}

struct child *child_start_shell(struct agent *a, const struct child_shell *shell, const struct child_ops *ops, void *arg,
				struct err *err)
{
	bool tty = shell->master >= 0, bash = access("/bin/bash", X_OK) == 0;
	cleanup_free char *term = xasprintf("TERM=%.*s", TERM_MAX, shell->term);
	cleanup_free const char **variables = environment_with(term);
	const char *folder = environment_folder();
	cleanup_fd int out = -1, err_fd = -1;
	struct start s = {.path = bash ? "/bin/bash" : "/bin/sh",
			  .argv = {bash ? "-bash" : "-sh"},
			  .variables = variables,
			  .folder = folder ? folder : HOME,
			  .in = shell->in,
			  .out = shell->in,
			  .err = shell->in,
			  .script = -1,
			  .spared = !a->is_init,
			  .tty = tty};
	struct child *c = new_child(a);

	child_unprepare(a);
	if (tty ? add_terminal(c, shell->master, err) == 0
		: add_stream(c, WIRE_STDOUT, &out, err) == 0 && add_stream(c, WIRE_STDERR, &err_fd, err) == 0) {
		if (!tty) {
			s.out = out;
			s.err = err_fd;
		}
		c->pid = start_checked(&s, err);
	}
	if (c->pid <= 0) {
		free_child(c);
		return NULL;
	}
	c->ops = ops;
	c->arg = arg;
	return c;
}

void child_signal(const struct child *c, int signal)
{
	if (!c->reaped)
		kill(-c->pid, signal);
}

void child_kill(struct child *c)
{
	kill(-c->pid, SIGKILL);
	if (c->reaped && c->ops)
		finish(c);
}

void child_abandon(struct child *c)
{
	c->ops = NULL;
	kill(-c->pid, SIGKILL);
	if (c->reaped)
		finish(c);
}

static void reaped(struct child *c, int status)
{
	c->reaped = true;
	c->status = status;
	c->wall = clock_now() - c->started;
	if (c->pid == c->agent->spare.pid)
		forget_spare(c->agent);
	if (!c->agent->full)
		drain(c);
	check(c);
}

static void stopped(struct child *c, int status)
{
	struct agent *a = c->agent;

	if (c->pid == a->spare.pid && spare_step(&a->spare, status) < 0)
		child_unprepare(a);
}

/* Return: whether there is a process that ended or stopped, which is not taken off the list yet. */
static bool find_ended(siginfo_t *info)
{
	info->si_pid = 0;
	return waitid(P_ALL, 0, info, WEXITED | WNOHANG | WNOWAIT) == 0 && info->si_pid;
}

/* Return: the end of a process as wait(2) gives it, without the flag that it dumped core. */
static int wait_status(const siginfo_t *info)
{
	return info->si_code == CLD_EXITED ? info->si_status << 8 : info->si_status;
}

/*
 * The owner of a command is told of its end while the process is still a zombie. The kernel clears the process away
 * after that, which takes time that the host would otherwise wait for.
 */
void child_reap_all(struct agent *a)
{
	siginfo_t info;
	int status;

	while (find_ended(&info)) {
		struct child *c = find_child(a, info.si_pid);
		bool stop = info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED;

		if (c && !stop)
			reaped(c, wait_status(&info));
		if (waitpid(info.si_pid, &status, WNOHANG) != info.si_pid)
			return;
		if (c && stop)
			stopped(c, status);
	}
}

/* The watches leave the loop: epoll reports a hang-up of a descriptor even where no event is asked for. */
static void pause_child(struct child *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->streams); i++)
		loop_unwatch(&c->agent->loop, &c->streams[i].watch);
}

void child_pause_all(struct agent *a)
{
	for (struct child *c = a->children; c; c = c->next)
		pause_child(c);
}

static void resume(struct child *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->streams); i++)
		if (!c->held && !c->streams[i].at_end && !c->streams[i].watch.active)
			loop_watch(&c->agent->loop, &c->streams[i].watch, c->streams[i].fd, EPOLLIN, NULL);
}

void child_resume_all(struct agent *a)
{
	for (struct child *c = a->children; c; c = c->next)
		resume(c);
}

void child_hold(struct child *c, bool hold)
{
	c->held = hold;
	if (hold)
		pause_child(c);
	else if (!c->agent->full)
		resume(c);
}
