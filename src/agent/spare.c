/* spare.c - a shell that is loaded and waits for its command
 *
 * Theory of operation
 *
 * The process is traced (ptrace(2)), so it stops when its execve() is done. A
 * breakpoint on the program's entry point stops it again after the dynamic
 * linker's work, and one on main() after the C library's: nothing that is the
 * shell's own has run, and it has read no clock, no name and no variable. Its
 * third argument is long enough for any usual command, and a command is written
 * over it: what is left of the room are NULs, which ps(1) and its like leave out.
 *
 * main() is what the start-up code of the C library passes on (cpu_find_main()).
 * Where that code passes on no address, the shell waits at its entry point. Where
 * the breakpoint is reached with other arguments than main()'s, the shell is ended.
 *
 * Any step may fail (a kernel without ptrace): the agent then has no spare shell,
 * and starts a shell for the first command as for all others.
 */
#include "agent/spare.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/fd.h"

#define AUX_MAX	   64	  /* entries of /proc/PID/auxv */
#define START_MAX  64	  /* bytes of start-up code up to its call */

int spare_be_traced(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

const char *spare_argument(void)
{
	static char room[SPARE_COMMAND_MAX + 1];

	memset(room, ':', SPARE_COMMAND_MAX);
	return room;
}

void spare_begin(struct spare *s, pid_t pid)
{
	*s = (struct spare){.state = SPARE_EXEC, .pid = pid};
}

static int peek(const struct spare *s, unsigned long at, unsigned long *word)
{
	errno = 0;
	*word = (unsigned long)ptrace(PTRACE_PEEKDATA, s->pid, (void *)at, NULL);
	return errno ? -1 : 0;
}

static int poke(const struct spare *s, unsigned long at, unsigned long word)
{
	return (int)ptrace(PTRACE_POKEDATA, s->pid, (void *)at, (void *)word);
}

/* Go on as far as @at. */
static int go_to(struct spare *s, unsigned long at)
{
	s->stop = at;
	if (peek(s, at, &s->code) < 0 || poke(s, at, (s->code & ~CPU_BREAKPOINT_MASK) | CPU_BREAKPOINT) < 0)
		return -1;
	return (int)ptrace(PTRACE_CONT, s->pid, NULL, NULL);
}

/* @request: PTRACE_GETREGSET or PTRACE_SETREGSET */
static int access_registers(const struct spare *s, int request, struct user_regs_struct *regs)
{
	struct iovec io = {.iov_base = regs, .iov_len = sizeof(*regs)};

	return (int)ptrace(request, s->pid, (void *)NT_PRSTATUS, &io);
}

/* As if there had been no breakpoint. */
static int arrive(const struct spare *s, struct user_regs_struct *regs)
{
	if (access_registers(s, PTRACE_GETREGSET, regs) < 0 || regs->CPU_REGS_PC != s->stop + CPU_BREAKPOINT_AFTER)
		return -1;
	regs->CPU_REGS_PC = s->stop;
	return poke(s, s->stop, s->code) < 0 ? -1 : access_registers(s, PTRACE_SETREGSET, regs);
}

static int write_command(const struct spare *s, const char *text, size_t n)
{
	const struct iovec from = {.iov_base = (void *)text, .iov_len = n};
	const struct iovec to = {.iov_base = (void *)s->command, .iov_len = n};

	return process_vm_writev(s->pid, &from, 1, &to, 1, 0) == (ssize_t)n ? 0 : -1;
}

/* Return: the entry point of the program, not of its dynamic linker; or 0. */
static unsigned long find_entry(const struct spare *s)
{
	unsigned long aux[AUX_MAX][2];
	char path[32];
	cleanup_fd int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)s->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, aux, sizeof(aux));
	for (ssize_t i = 0; i < n / (ssize_t)sizeof(aux[0]); i++)
		if (aux[i][0] == AT_ENTRY)
			return aux[i][1];
	return 0;
}

/* At the entry point. Return: main()'s address, or 0 */
static unsigned long find_main(const struct spare *s)
{
	unsigned char code[START_MAX];
	const struct iovec to = {.iov_base = code, .iov_len = sizeof(code)};
	const struct iovec from = {.iov_base = (void *)s->stop, .iov_len = sizeof(code)};

	if (process_vm_readv(s->pid, &to, 1, &from, 1, 0) != (ssize_t)sizeof(code))
		return 0;
	return cpu_find_main(code, sizeof(code), s->stop);
}

/* Executed: the stack begins with argc and argv. */
static int leave_exec(struct spare *s)
{
	struct user_regs_struct regs;

	if (access_registers(s, PTRACE_GETREGSET, &regs) < 0)
		return -1;
	s->argv = regs.CPU_REGS_SP + sizeof(long);
	s->state = SPARE_LINKING;
	return peek(s, s->argv + 2 * sizeof(long), &s->command) < 0 ? -1 : go_to(s, find_entry(s));
}

static int wait_here(struct spare *s)
{
	static const char nothing[SPARE_COMMAND_MAX];

	s->state = SPARE_READY;
	return write_command(s, nothing, sizeof(nothing));
}

static int leave_entry(struct spare *s)
{
	struct user_regs_struct regs;

	if (arrive(s, &regs) < 0)
		return -1;
	s->state = SPARE_STARTING;
	return go_to(s, find_main(s)) < 0 ? wait_here(s) : 0;
}

static int stay_in_main(struct spare *s)
{
	struct user_regs_struct regs;

	return arrive(s, &regs) < 0 || regs.CPU_REGS_ARG0 != 3 || regs.CPU_REGS_ARG1 != s->argv ? -1 : wait_here(s);
}

int spare_step(struct spare *s, int status)
{
	if (WSTOPSIG(status) != SIGTRAP)
		return -1;
	switch (s->state) {
	case SPARE_EXEC:
		return leave_exec(s);
	case SPARE_LINKING:
		return leave_entry(s);
	case SPARE_STARTING:
		return stay_in_main(s);
	case SPARE_READY:
		break;
	}
	return -1;
}

bool spare_is_ready(const struct spare *s)
{
	return s->pid && s->state == SPARE_READY;
}

int spare_run(struct spare *s, const char *command)
{
	size_t n = strlen(command) + 1;

	if (n > SPARE_COMMAND_MAX + 1 || write_command(s, command, n) < 0)
		return -1;
	return (int)ptrace(PTRACE_DETACH, s->pid, NULL, NULL);
}
