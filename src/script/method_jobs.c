/* method_jobs.c - spawn(), and what is done with the job that it returns */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "script/asking.h"
#include "script/jobs.h"
#include "script/methods.h"
#include "script/run.h"

/* A command that runs on. @number: of the world's; @command: as it was spawned */
struct job {
	unsigned machine;
	uint32_t number;
	const char *command;
};

struct job *method_spawn(unsigned machine, const char *cmd)
{
	struct wording w = wording(machine, "spawn");
	struct job j = {.machine = machine};

	check_argument(w, cmd, "command");
	j.number = (uint32_t)ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_SPAWN, .first = cmd}).status;
	j.command = run_keep_str(cmd);
	return run_keep(&j, sizeof(j));
}

/* Return: how a call of a job is told; a null pointer ends the test. */
static struct wording job_wording(const struct job *j, const char *method)
{
	struct wording w = {.method = method};

	if (!j)
		run_die(NULL, "%s: the job is a null pointer", method);
	w.shown = j->command;
	return w;
}

/* @q: its call, and what that needs besides the job */
static struct answer ask_job(const struct job *j, const char *method, struct question q)
{
	struct wording w = job_wording(j, method);

	q.machine = j->machine;
	q.number = j->number;
	return ask(w, &q);
}

struct result script_job_wait(struct job *j)
{
	struct answer a = ask_job(j, "job_wait", (struct question){.call = WIRE_CALL_JOB_WAIT});

	return result_of(&a);
}

bool script_job_running(struct job *j)
{
	return ask_job(j, "job_running", (struct question){.call = WIRE_CALL_JOB_RUNNING}).status != 0;
}

char *script_job_output(struct job *j)
{
	return ask_job(j, "job_output", (struct question){.call = WIRE_CALL_JOB_OUTPUT}).out;
}

void script_job_signal(struct job *j, int number)
{
	char text[16];

	if (number < 1 || number >= NSIG)
		run_die(NULL, "job_signal: %d is not a signal: 1 to %d", number, NSIG - 1);
	snprintf(text, sizeof(text), "%d", number);
	ask_job(j, "job_signal", (struct question){.call = WIRE_CALL_JOB_SIGNAL, .first = text});
}

void script_job_write(struct job *j, const char *text)
{
	struct question q = {.call = WIRE_CALL_JOB_WRITE, .second = text};

	check_argument((struct wording){.method = "job_write"}, text, "text");
	q.second_len = strlen(text);
	ask_job(j, "job_write", q);
}

void script_job_close(struct job *j)
{
	ask_job(j, "job_close", (struct question){.call = WIRE_CALL_JOB_CLOSE});
}
