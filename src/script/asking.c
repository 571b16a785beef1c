/* asking.c - what all methods do: check arguments, ask the world, report a refusal */
#include "script/asking.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "script/blocks.h"
#include "script/compiled.h"
#include "script/run.h"

#define TOLD_MAX    500 /* bytes of an argument, or of a command's output, that --verbose and reports show */
#define SHOWN_LINES 5	/* of each stream that --verbose shows */

struct wording wording(unsigned machine, const char *method)
{
	return (struct wording){.machine = run.script->machines[machine].name, .method = method};
}

const char *spoken(struct wording w)
{
	cleanup_free char *text = xasprintf("%s%s%s", w.machine ? w.machine : "", w.machine ? "." : "", w.method);

	return run_keep_str(text);
}

void check_argument(struct wording w, const char *argument, const char *what)
{
	if (!argument)
		run_die(NULL, "%s: the %s is a null pointer", spoken(w), what);
}

void check_name(struct wording w, const char *argument, const char *what, size_t max)
{
	check_argument(w, argument, what);
	if (!*argument)
		run_die(NULL, "%s: the %s is empty", spoken(w), what);
	if (strlen(argument) > max)
		run_die(NULL, "%s: the %s has %zu bytes: it can have %zu", spoken(w), what, strlen(argument), max);
}

/* Return: the first argument, for people; NULL for none. */
static const char *first_told(const struct question *q)
{
	return !q->told ? q->first : *q->told ? q->told : NULL;
}

/*
 * Report an answer other than WIRE_OK. The reason's first line is the message; when there is more, all is a pair. The
 * test's own time limit ends the test, anything else the innermost subtest.
 */
static _Noreturn void refuse(struct wording w, const struct question *q, const struct answer *a)
{
	int first = (int)strcspn(a->reason, "\n");
	const bool timed_out = a->outcome == WIRE_TIMED_OUT && !text_starts(a->reason, "timed out");
	const struct pair pairs[] = {
		{"machine", w.machine},
		{q->call == WIRE_CALL_EXEC ? "command" : "argument", first_told(q)},
		{"reason", a->reason[first] ? a->reason : NULL},
		{"stdout", a->out_len ? a->out : NULL},
		{"stderr", a->err_len ? a->err : NULL},
		{0},
	};

	run.hopeless |= a->outcome == WIRE_OVERTIME || a->outcome == WIRE_LOST;
	run_fail(pairs, "%s: %s%s%.*s", spoken(w), timed_out ? "timed out" : "", timed_out && first ? ": " : "", first,
		 a->reason);
	if (a->outcome == WIRE_OVERTIME)
		run_stop();
	run_leave();
}

/* ---- for people ---- */

/* "web.succeed("uname -s")"; numbers are as the script has them. The caller frees it. */
static char *whole_call(struct wording w, const struct question *q)
{
	const char *first = w.shown ? w.shown : first_told(q);
	const char *quote = first && first[strspn(first, "0123456789, ")] ? "\"" : "";
	cleanup_free char *argument = xstrndup(first ? first : "", TOLD_MAX);

	return xasprintf("%s%s%s(%s%s%s)", w.machine ? w.machine : "", w.machine ? "." : "", w.method, quote, argument, quote);
}

/* Add the last lines of what a command wrote, behind blanks. */
static void add_stream(struct buf *out, const char *name, const char *bytes, size_t n)
{
	const char *line, *at = text_tail(bytes, n, SHOWN_LINES, TOLD_MAX);

	while (text_next_line(&at, &line, &n))
		buf_addf(out, "\n    %s: %.*s", name, (int)n, line);
}

static void add_answer(struct buf *out, const struct question *q, const struct answer *a)
{
	if (a->outcome != WIRE_OK)
		buf_addf(out, "%.*s", (int)strcspn(a->reason, "\n"), a->reason);
	else if (q->call == WIRE_CALL_EXEC)
		buf_addf(out, "%s %d in %.3f s", a->signal ? "signal" : "exit status", a->signal ? a->signal : a->status, a->seconds);
	else
		buf_addf(out, "done in %.3f s", a->seconds);
	if (q->call != WIRE_CALL_EXEC)
		return;
	add_stream(out, "stdout", a->out, a->out_len);
	add_stream(out, "stderr", a->err, a->err_len);
}

/* --verbose: "[1.204 s] t.c:12: web.succeed("uname -s")", and when it is over how that went. */
static void tell(struct wording w, const struct question *q, const struct answer *a)
{
	struct place at = run_place();
	cleanup_buf struct buf text = {0};

	if (run.begun)
		buf_addf(&text, "[%.3f s] ", (double)(clock_now() - run.begun) / 1e9);
	buf_addf(&text, "%s:%d: %s", at.file ? at.file : "?", at.line, a ? spoken(w) : q->words);
	if (a) {
		buf_adds(&text, ": ");
		add_answer(&text, q, a);
	}
	log_line("%s", buf_str(&text));
}

struct answer ask(struct wording w, const struct question *asked)
{
	struct question named = *asked;
	const struct question *q = &named;
	size_t n = (q->first ? strlen(q->first) : 0) + q->second_len;
	cleanup_free char *words = whole_call(w, q);
	struct answer a;

	if (n > CALL_ARGUMENT_MAX)
		run_die(NULL, "%s: the arguments have %zu bytes: at most %d can be sent", spoken(w), n, CALL_ARGUMENT_MAX);
	blocks_check(w.machine != NULL);
	named.words = words;
	run.questions++;
	if (log_level >= 2)
		tell(w, q, NULL);
	a = call_world(q);
	if (log_level >= 2)
		tell(w, q, &a);
	run.last_words = NULL;
	if (a.outcome == WIRE_TIMED_OUT && q->may_time_out)
		run.last_words = run_keep_str(*a.reason ? a.reason : "timed out");
	else if (a.outcome != WIRE_OK)
		refuse(w, q, &a);
	return a;
}

/* ---- commands ---- */

char *substituted(struct answer *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->out_len; i++)
		if (a->out[i])
			a->out[n++] = a->out[i];
	while (n > 0 && a->out[n - 1] == '\n')
		n--;
	a->out[n] = '\0';
	return a->out;
}

struct answer execute(struct wording w, unsigned machine, const char *cmd)
{
	check_argument(w, cmd, "command");
	return ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_EXEC, .first = cmd});
}

struct result result_of(const struct answer *a)
{
	return (struct result){
		.status = a->status,
		.signal = a->signal,
		.timed_out = a->outcome == WIRE_TIMED_OUT,
		.out = a->out,
		.out_len = a->out_len,
		.err = a->err,
		.err_len = a->err_len,
		.seconds = a->seconds,
	};
}

void command_failed(struct wording w, const char *cmd, const struct answer *a)
{
	char number[16], how[64];

	snprintf(number, sizeof(number), "%d", a->signal ? a->signal : a->status);
	if (a->signal)
		snprintf(how, sizeof(how), "was killed by signal %d (%s)", a->signal, strsignal(a->signal));
	else if (a->status)
		snprintf(how, sizeof(how), "failed with exit status %d", a->status);
	else
		snprintf(how, sizeof(how), "succeeded, but had to fail");
	run_die((const struct pair[]){
			{"machine", w.machine},
			{"command", cmd},
			{a->signal ? "signal" : "exit_status", number},
			{"stdout", text_tail(a->out, a->out_len, SIZE_MAX, RUN_VALUE_MAX)},
			{"stderr", text_tail(a->err, a->err_len, SIZE_MAX, RUN_VALUE_MAX)},
			{0},
		},
		"%s: the command %s", spoken(w), how);
}
