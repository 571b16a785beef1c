/* interact.c - a shell or a console in a machine, for a process that goes on when that is over */
#include "cmd/interact.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/interrupt.h"
#include "base/log.h"

static struct terminal terminal;

/* In memory that all processes share. */
static struct shared {
	struct relay_result result;
	struct relay_ahead ahead;
} *shared;

bool interact_init(const struct terminal *t)
{
	void *memory = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return false;
	terminal = *t;
	shared = memory;
	return true;
}

bool interact_is_ready(void)
{
	return shared && terminal.is_tty;
}

struct relay_ahead *interact_ahead(void)
{
	return &shared->ahead;
}

const struct relay_result *interact_relay(struct relay *r, int fd)
{
	const struct relay_result *result = &shared->result;
	sigset_t before;
	pid_t pid;

	shared->result = (struct relay_result){0};
	r->terminal = terminal;
	r->result = &shared->result;
	r->ahead = &shared->ahead;
	sigprocmask(SIG_BLOCK, NULL, &before);
	interrupt_hold();
	pid = interrupt_fork();
	if (pid == 0)
		relay_run(r, fd);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	terminal_restore(&terminal);
	fd_set_nonblock(fd, 0); /* it is the relay's, too, and that does not want to wait */
	interrupt_forget();
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (result->over && result->reason[0])
		log_line("%s", result->reason);
	return result;
}

/* A process that was killed has left the world with a call that nobody will see the end of. */
static void visit(unsigned machine, int call, int world)
{
	struct relay relay = {.call = (enum wire_call)call, .machine = machine, .visit = true};

	if (!interact_relay(&relay, world)->over) {
		terminal_give_back(&terminal);
		kill(getpid(), SIGKILL);
	}
}

void interact_at_prompt(unsigned machine, int call, int world)
{
	visit(machine, call, world);
}

void interact_in_test(unsigned machine, int call, int world)
{
	visit(machine, call, world);
	terminal_give_back(&terminal);
}
