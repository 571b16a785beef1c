/* player.c - the process that plays a test's script */
#include "world/player.h"

#include <limits.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/pidfd.h"
#include "base/proc.h"
#include "base/signals.h"
#include "base/text.h"

void player_kill(struct player *p)
{
	p->killed = true;
	kill(-p->pid, SIGKILL);
	kill(p->pid, SIGKILL);
}

void player_distrust(struct player *p, const char *why)
{
	cleanup_free char *message = xasprintf("the script's process %s: its memory is damaged", why);

	if (p->killed)
		return;
	p->failed(p->arg, message);
	player_kill(p);
}

void player_interrupt(struct player *p)
{
	kill(p->pid, SIGALRM);
}

/* ---- what becomes of it ---- */

static void frame(void *arg, const struct frame *f)
{
	struct player *p = arg;

	p->heard(p->arg, f);
}

static void lost(void *arg, const char *why)
{
	struct player *p = arg;

	/* The end of the process closes the socket; the exit handler says more. */
	if (!text_starts(why, "closed"))
		player_distrust(p, why);
	else
		loop_timer(p->loop, &p->hang_up, clock_now() + p->patience);
}

static void has_hung_up(void *arg)
{
	struct player *p = arg;

	if (p->finished)
		player_kill(p);
	else
		player_distrust(p, "closed its connection to the world");
}

static void exited(void *arg, uint32_t events)
{
	struct player *p = arg;
	int status = 0;

	(void)events;
	proc_end(p->pid, p->exit.fd, &status);
	link_drain(&p->link); /* what it sent before it ended; nobody is left that could send more */
	loop_close(p->loop, &p->exit);
	p->ended(p->arg, status);
}

/* ---- life ---- */

void player_init(struct player *p)
{
	p->exit = (struct watch){.fd = -1, .ready = exited, .arg = p};
	p->hang_up = (struct timer){.expired = has_hung_up, .arg = p};
	p->link.frame = frame;
	p->link.lost = lost;
	p->link.arg = p;
}

/* The process has the socket and the three standard streams: it cannot write where the runner reads. */
static _Noreturn void be_script(void (*script)(void *arg, int fd), void *arg, int fd)
{
	setpgid(0, 0);
	fd_close_all(STDERR_FILENO + 1, fd - 1);
	fd_close_all(fd + 1, INT_MAX);
	script(arg, fd);
	_exit(127);
}

int player_start(struct player *p, void (*script)(void *arg, int fd), void *arg, struct err *err)
{
	const sigset_t alarm = signals_only(SIGALRM); /* this process does not use it */
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return err_errno(err, "cannot create a socket pair for the script");
	sigprocmask(SIG_BLOCK, &alarm, NULL);
	p->pid = proc_fork();
	if (p->pid == 0)
		be_script(script, arg, fds[1]);
	close(fds[1]);
	if (p->pid < 0) {
		err_errno(err, "cannot fork");
		close(fds[0]);
		return -1;
	}
	p->exit.fd = pidfd_open_child(p->pid);
	if (p->exit.fd < 0) {
		err_errno(err, "cannot watch the script process");
		close(fds[0]);
		proc_end(p->pid, -1, NULL);
		return -1;
	}
	if (link_start(&p->link, p->loop, fds[0], err) < 0)
		return -1;
	return loop_watch(p->loop, &p->exit, p->exit.fd, EPOLLIN, err);
}

void player_settle(struct player *p)
{
	loop_timer(p->loop, &p->hang_up, CLOCK_NEVER);
}

void player_end(struct player *p)
{
	if (p->exit.fd >= 0) {
		p->killed = true;
		proc_end(p->pid, p->exit.fd, NULL);
	}
	loop_close(p->loop, &p->exit);
}

void player_free(struct player *p)
{
	link_stop(&p->link);
}
