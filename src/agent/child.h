/* child.h - shell commands: one fork, one exec, two pipes
 *
 *	c = child_start(agent, "ls /", &ops, me, &err);
 *
 * Then @output comes as the command writes and @ended once. After @ended the
 * struct child is no longer the caller's.
 */
#ifndef AGENT_CHILD_H
#define AGENT_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/agent.h"

struct child;

/**
 * struct child_ops - What the owner of a command is told
 * @output:	Bytes came; valid during the call
 * @ended:	The command has ended and both pipes are at end of file, or
 *		WIRE_LINGER_MS have passed since it ended
 */
struct child_ops {
	void (*output)(void *arg, enum wire_stream stream, const char *data, size_t n);
	void (*ended)(void *arg, const struct child *c);
};

struct child_stream {
	struct child *child;
	enum wire_stream id;
	int fd;
	bool at_end;
	struct watch watch;
};

/**
 * struct child - A command
 * @streams:	Our ends of its standard output and standard error
 * @held:	Its streams are not read (child_hold())
 * @reaped:	It has ended; @status and @wall are known
 * @status:	As wait(2) gives it
 * @started:	CLOCK_MONOTONIC ns
 * @wall:	ns from fork to the end
 * @ops:	NULL once the owner has been told or has let go
 */
struct child {
	struct agent *agent;
	struct child *next;
	pid_t pid;
	struct child_stream streams[2];
	struct timer linger;
	bool held, reaped;
	int status;
	uint64_t started, wall;
	const struct child_ops *ops;
	void *arg;
};

/**
 * child_start() - Run /bin/sh -c COMMAND
 * @command:	Of any length; one that does not fit into an argument (128 KiB) goes
 *		through a memory file that the shell reads as its script
 *
 * Standard input is /dev/null. The command leads a session of its own and has
 * default signals, umask 022, and the folder and variables of environment.h.
 *
 * Return: the child, which frees itself after @ended; or NULL with errno
 */
struct child *child_start(struct agent *a, const char *command, const struct child_ops *ops, void *arg,
			  struct err *err);

/* As child_start(), with a standard input of its own, which stays the caller's. */
struct child *child_start_fed(struct agent *a, const char *command, int in, const struct child_ops *ops, void *arg,
			      struct err *err);

/**
 * struct child_shell - What a shell for a person has
 * @in:		Its standard input; on a terminal that is all of its streams, and becomes its terminal
 * @master:	The other side of that terminal, or -1 without one
 * @term:	Of the environment's TERM
 */
struct child_shell {
	int in, master;
	const char *term;
};

/**
 * child_start_shell() - Run root's shell as after a login: bash if there is one, else sh, in /root if there is that, or in
 * the folder that a container's image says
 *
 * The descriptors stay the caller's; what the shell writes comes as with child_start(), from a terminal as standard output.
 *
 * Return: as child_start()
 */
struct child *child_start_shell(struct agent *a, const struct child_shell *s, const struct child_ops *ops, void *arg,
				struct err *err);

/* Stop reading what one child writes, or go on. */
void child_hold(struct child *c, bool hold);

/*
 * Start a shell ahead of its command (spare.h): the next child_start() takes it.
 * An older spare is ended first. When no spare can be started, child_start()
 * starts a shell as always.
 */
void child_prepare(struct agent *a);
/* Return: whether that shell is still being loaded. */
bool child_preparing(const struct agent *a);
/* End the spare: the caller is about to change something that a shell may load or show. */
void child_unprepare(struct agent *a);

/* A signal to the command and what it started in its process group; none once it has ended. */
void child_signal(const struct child *c, int signal);

/* SIGKILL to the command and what it started in its process group; @ended follows. */
void child_kill(struct child *c);

/* Kill it and be told nothing more; it is reaped and freed in the background. */
void child_abandon(struct child *c);

/* To be called at SIGCHLD: takes note of every process that ended, adopted ones too, and of a spare that stopped. */
void child_reap_all(struct agent *a);

/* Stop and go on reading all pipes (back-pressure). */
void child_pause_all(struct agent *a);
void child_resume_all(struct agent *a);

#endif
