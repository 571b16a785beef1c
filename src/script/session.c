/* session.c - lines of C, run one after the other in a process that has the machines of a script */
#include "script/session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/proc.h"
#include "script/call.h"
#include "script/compiled.h"
#include "script/deadline.h"
#include "script/faults.h"
#include "script/heap.h"
#include "script/limits.h"
#include "script/locals.h"
#include "script/output.h"
#include "script/run.h"
#include "script/show.h"
#include "script/unit.h"

#define STACK_MAX (64ul << 20) /* bytes; as in run.c */

#define SKIPPED	  77	       /* exit status of a test at the prompt that skipped itself */

static struct session *session; /* in the base and in runners */
static pid_t keeper;

/* ---- what a line says ---- */

static void print(int to, const struct buf *text)
{
	(void)fd_write_all(to, buf_str(text), text->len);
}

static void add_pair(struct buf *out, const struct pair *p)
{
	static const char *const shown[] = {"reason", "stdout", "stderr", "found", "wanted", "last_call", "text", "subtest",
					    "called_from", "diff", "matches_up_to", "matched"};

	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		if (strcmp(shown[i], p->key) != 0 || !p->value || !*p->value)
			continue;
		buf_addf(out, "  %s: ", p->key);
		show_bytes(out, p->value, strlen(p->value));
		if (out->data[out->len - 1] != '\n')
			buf_addc(out, '\n');
	}
}

/* Where the script is; of what was typed nothing is to be told. */
static void add_place(struct buf *out, struct place at)
{
	if (at.file)
		buf_addf(out, "%s:%d: ", at.file, at.line);
}

static void tell(enum wire_event type, struct place at, const char *message, const struct pair *pairs)
{
	static const char *const words[] = {
		[WIRE_EVENT_FAILURE] = "failed: ", [WIRE_EVENT_NOTE] = "", [WIRE_EVENT_SKIP] = "SKIP ",
		[WIRE_EVENT_SUBTEST] = "ok - ", [WIRE_EVENT_FAULT] = "crashed: "};
	const bool bad = type == WIRE_EVENT_FAILURE || type == WIRE_EVENT_FAULT;
	cleanup_buf struct buf out = {0};

	if (type == WIRE_EVENT_SKIP && run.test)
		buf_addf(&out, "ok - %s # ", run.test->name);
	if (type == WIRE_EVENT_SUBTEST && strcmp(pairs->value, "ok") != 0)
		buf_adds(&out, "not ");
	buf_adds(&out, words[type]);
	if (bad)
		add_place(&out, at);
	show_bytes(&out, message, strlen(message));
	buf_addc(&out, '\n');
	for (; bad && pairs && pairs->key; pairs++)
		add_pair(&out, pairs);
	print(bad ? STDERR_FILENO : STDOUT_FILENO, &out);
	if (type == WIRE_EVENT_SKIP && run.test)
		_exit(SKIPPED);
}

static void interrupted(int signo)
{
	static const char word[] = "interrupted\n";

	(void)signo;
	if (call_interrupt())
		return;
	(void)!write(STDERR_FILENO, word, sizeof(word) - 1);
	_exit(1);
}

/* ---- tests at the prompt ---- */

static _Noreturn void be_test(size_t i)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	interrupt_hear(interrupted);
	run.failures = 0;
	run.top = (uintptr_t)__builtin_frame_address(0);
	run.test = &run.script->tests[i];
	if (setjmp(run.end) == 0)
		run.script->bodies[i]();
	output_flush();
	_exit(run.failures ? 1 : 0);
}

/* In a process of its own: C variables are per test, and it may crash. Return: whether it passed. */
static bool try_test(size_t i, bool *stopped)
{
	cleanup_buf struct buf out = {0};
	int status = -1;
	pid_t pid;

	output_flush();
	interrupt_hold();
	pid = interrupt_fork();
	if (pid == 0)
		be_test(i);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*stopped = interrupt_forget();
	interrupt_hear(interrupted);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) /* as it has said */
		return true;
	buf_addf(&out, "%sok - %s\n", status == 0 ? "" : "not ", run.script->tests[i].name);
	print(STDOUT_FILENO, &out);
	return status == 0;
}

static void run_test(const char *name)
{
	const char *names[SCRIPT_TESTS_MAX + 1] = {NULL};
	const struct script *s = run.script;
	bool stopped;

	for (size_t i = 0; i < s->test_count; i++) {
		names[i] = s->tests[i].name;
		if (!name || strcmp(names[i], name) != 0)
			continue;
		if (!try_test(i, &stopped))
			run.failures++;
		return;
	}
	unit_no_test(name, names);
}

/* ^C ends them all, and not only the one that runs. */
static void run_tests(void)
{
	const size_t n = run.script->test_count;
	cleanup_buf struct buf out = {0};
	bool stopped = false;
	size_t i;

	for (i = 0; i < n && !stopped; i++)
		if (!try_test(i, &stopped))
			run.failures++;
	if (i == n)
		return;
	buf_addf(&out, "interrupted: %zu of %zu tests did not run\n", n - i, n);
	print(STDERR_FILENO, &out);
	run.failures++;
}

/* ---- a line ---- */

/* Return: whether it came to its end without a failure. */
static bool run_line(const char *text)
{
	void (*code)(void) = unit_compile(text);

	if (!code)
		return false;
	run.failures = 0;
	run.block = NULL;
	run.top = (uintptr_t)__builtin_frame_address(0);
	if (setjmp(run.end) == 0)
		code();
	output_flush();
	return run.failures == 0;
}

/* The base has done its work; its end makes us a child of the keeper's, whose end then ends us. */
static void replace_base(void)
{
	const pid_t base = getppid();

	prctl(PR_SET_PDEATHSIG, 0);
	if (base != keeper)
		kill(base, SIGKILL);
	while (getppid() == base)
		poll(NULL, 0, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != keeper)
		_exit(1);
}

static void reply(enum session_reply what)
{
	const char byte = (char)what;

	if (send(session->line, &byte, 1, MSG_NOSIGNAL) != 1)
		_exit(1);
}

/* In a runner. Returns as the new base. */
static void be_runner(const char *text)
{
	bool good;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	deadline_forget(); /* of the line before, whose process we are a copy of */
	interrupt_hear(interrupted);
	good = run_line(text);
	interrupt_hold();
	replace_base();
	interrupt_forget(); /* it came too late */
	reply(good ? SESSION_DONE : SESSION_FAILED);
}

/* In the base, whose runner has ended without a reply. */
static void explain(int status)
{
	cleanup_buf struct buf out = {0};
	cleanup_free char *how = proc_status_text(status);

	if (WIFEXITED(status)) { /* it has said why */
		reply(SESSION_UNDONE);
		return;
	}
	buf_addf(&out, "the process that ran the line ended: %s\n", how);
	print(STDERR_FILENO, &out);
	reply(WTERMSIG(status) == SIGKILL ? SESSION_KILLED : SESSION_UNDONE);
}

static void serve(char *text)
{
	int status = 0;
	pid_t pid = interrupt_fork();

	if (pid == 0) {
		be_runner(text);
		return;
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	interrupt_forget(); /* which the runner has heard */
	if (pid < 0)
		reply(SESSION_LOST);
	else
		explain(status);
}

static void begin_base(struct session *s)
{
	session = s;
	interrupt_hold();
	run = (struct run){.script = s->script, .world = s->world, .tell = tell, .interact = s->interact};
	run.top = (uintptr_t)__builtin_frame_address(0);
	faults_catch();
	limits_lower(RLIMIT_STACK, STACK_MAX);
	unit_init(s->script, run_test, run_tests);
}

static _Noreturn void serve_lines(const struct session *s)
{
	static char text[SESSION_LINE_MAX + 1];
	ssize_t n;

	run.top = (uintptr_t)__builtin_frame_address(0);
	heap_limit();
	while ((n = recv(s->line, text, SESSION_LINE_MAX, 0)) > 0) {
		text[n] = '\0';
		if (*text) {
			serve(text);
		} else {
			interrupt_forget();
			reply(SESSION_READY);
		}
	}
	_exit(0);
}

static _Noreturn void be_base(struct session *s)
{
	begin_base(s);
	serve_lines(s);
}

/* ---- in the process of a script ---- */

/* recv(2), whatever signals come. */
static ssize_t hear(int line, void *data, size_t n)
{
	ssize_t got;

	while ((got = recv(line, data, n, 0)) < 0 && errno == EINTR)
		;
	return got;
}

/* In a runner, whose keeper has the terminal. */
static void ask_for_visit(unsigned machine, int call, int world)
{
	const struct session_visit v = {.reply = SESSION_VISIT, .machine = machine, .call = call};
	char byte;

	(void)world;
	if (send(session->line, &v, sizeof(v), MSG_NOSIGNAL) != sizeof(v) || hear(session->line, &byte, 1) != 1)
		_exit(1);
}

static void add_name(void *arg, const char *name)
{
	buf_addf(arg, "%c%s\n", SESSION_NAME, name);
}

void session_names(const struct script *s, const struct locals *here, struct buf *out)
{
	for (size_t i = 0; i < script_machine_count(s); i++)
		buf_addf(out, "%c%s\n", SESSION_MACHINE, script_machine(s, i)->name);
	for (size_t i = 0; here && i < here->n; i++)
		buf_addf(out, "%c%s\n", SESSION_LOCAL, here->list[i].name);
	unit_names(s, add_name, out);
}

static void send_names(const struct session *s, const struct locals *here)
{
	cleanup_buf struct buf names = {0};

	session_names(s->script, here, &names);
	if (send(s->line, names.data, names.len < SESSION_LINE_MAX ? names.len : SESSION_LINE_MAX, MSG_NOSIGNAL) < 0)
		_exit(1);
}

_Noreturn void session_serve(int line, int world, bool terminal, pid_t warden, uintptr_t frame)
{
	static struct session s;
	const struct script_part *part = run.part;
	struct locals here;

	keeper = warden;
	s = (struct session){.script = run.script, .world = world, .line = line, .warden = -1, .interact = terminal ? ask_for_visit : NULL};
	locals_find(run.script, frame, run.top, &here);
	deadline_forget();
	begin_base(&s);
	run.part = part;
	unit_add_locals(&here);
	send_names(&s, &here);
	serve_lines(&s);
}

/* ---- the keeper's side ---- */

/* What a base needs, in the order of halt.c. Return: whether the warden was there to be sent it. */
static bool send_things(const struct session *s, int line)
{
	const int things[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, s->world, line};
	bool sent = true;

	for (size_t i = 0; i < ARRAY_SIZE(things); i++)
		sent = sent && fd_send(s->warden, s->interact ? "t" : "-", 1, things[i]) == 0;
	return sent;
}

/* @line: the keeper's end of it, and the base's. Return: 0, or -1. */
static int make_line(int line[2], struct err *err)
{
	const int size = 4 * SESSION_LINE_MAX;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) < 0)
		return err_errno(err, "cannot create a socket pair");
	setsockopt(line[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return 0;
}

int session_join(struct session *s, struct buf *names, struct err *err)
{
	int fds[2];
	bool sent;
	ssize_t n;

	if (make_line(fds, err) < 0)
		return -1;
	s->line = fds[0];
	sent = send_things(s, fds[1]);
	close(fds[1]);
	n = sent ? hear(s->line, buf_reserve(names, SESSION_LINE_MAX), SESSION_LINE_MAX) : 0;
	if (n <= 0)
		return err_set(err, "the script's process does not answer");
	buf_commit(names, (size_t)n);
	return 0;
}

void session_interrupt(const struct session *s)
{
	if (s->warden >= 0)
		(void)send(s->warden, "i", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int session_start(struct session *s, struct err *err)
{
	int fds[2];
	pid_t pid;

	keeper = getpid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (make_line(fds, err) < 0)
		return -1;
	pid = proc_fork();
	if (pid == 0) {
		close(fds[0]);
		s->line = fds[1];
		be_base(s);
	}
	close(fds[1]);
	s->line = fds[0];
	if (pid < 0)
		return err_errno(err, "cannot fork");
	return 0;
}

static enum session_reply ask_base(const struct session *s, const char *text, size_t len)
{
	struct session_visit said = {.reply = SESSION_LOST};
	ssize_t n;

	if (send(s->line, text, len, MSG_NOSIGNAL) < 0)
		return SESSION_LOST;
	while ((n = hear(s->line, &said, sizeof(said))) == sizeof(said)) {
		s->interact(said.machine, said.call, s->world);
		if (send(s->line, "", 1, MSG_NOSIGNAL) < 0)
			return SESSION_LOST;
	}
	return n == 1 ? (enum session_reply)said.reply : SESSION_LOST;
}

void session_ready(struct session *s)
{
	(void)ask_base(s, "", 1); /* one that is gone is found by the next line */
}

enum session_reply session_run(struct session *s, const char *text)
{
	enum session_reply r = ask_base(s, text, strlen(text));

	while (waitpid(-1, NULL, WNOHANG) > 0) /* bases that were replaced */
		;
	return r;
}

void session_end(struct session *s)
{
	close(s->line);
	while (waitpid(-1, NULL, 0) > 0)
		;
}
