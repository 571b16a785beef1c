/* spare.h - a shell that is loaded and waits for its command
 *
 * Of the time from a copy's resume to its first result, half went into the fork,
 * the exec and the loading of the shell. So a machine that is about to be saved
 * starts one, and every copy finds it at the first instruction of its main():
 * what it then runs is /bin/sh -c COMMAND in every respect.
 *
 * Here are the steps of that one process; its pipes and its end are child.c's.
 */
#ifndef AGENT_SPARE_H
#define AGENT_SPARE_H

#include <stdbool.h>
#include <sys/types.h>

#define SPARE_COMMAND_MAX 4095 /* bytes of a command, NUL not counted */

/**
 * struct spare - A traced process between its exec and main()
 * @pid:	0 for none
 * @stop:	Address of the breakpoint
 * @code:	What stands there
 * @argv:	Address of its arguments
 * @command:	Address of the third one
 */
struct spare {
	enum { SPARE_EXEC, SPARE_LINKING, SPARE_STARTING, SPARE_READY } state;
	pid_t pid;
	unsigned long stop, code, argv, command;
};

/* In the child, before it executes: be stopped when it has. Return: 0, or -1 with errno */
int spare_be_traced(void);
/* A third argument that leaves room for any command of SPARE_COMMAND_MAX. */
const char *spare_argument(void);
/* Follow a process that executed with both. */
void spare_begin(struct spare *s, pid_t pid);
/* It stopped, as wait(2)'s @status tells. Return: 0, or -1 when it is of no use */
int spare_step(struct spare *s, int status);
bool spare_is_ready(const struct spare *s);
/* Ready: let it run @command. Return: 0, or -1 when it is of no use */
int spare_run(struct spare *s, const char *command);

#endif
