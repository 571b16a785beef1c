/* prompt.c - a C prompt: the process that reads lines and has them run
 *
 * Theory of operation
 *
 * It is the keeper of session.h, and has the world's socket and the three standard streams. On a terminal, keys come as
 * they are typed while a line is edited (edit.h); while it runs, the terminal is as the person left it, so that ^C is a
 * signal to all that run it.
 */
#include "cmd/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/edit.h"
#include "cmd/interact.h"
#include "script/names.h"
#include "script/outline.h"
#include "script/script.h"
#include "script/session.h"
#include "wire/frame.h"
#include "wire/script.h"

#define PROMPT	    "vmtap> "
#define PROMPT_MORE "  ...> "
#define CTRL_C	    3	      /* as a key */
#define HISTORY_MAX (1 << 20) /* bytes of the file: a longer one is begun anew */

static const char help[] =
	"A line is C: an expression, whose value is shown, a statement or a declaration. A ';'\n"
	"at its end keeps the value to itself. Open brackets continue it on the next line.\n"
	"  NAME.succeed(\"uname -a\")   a command in the machine NAME, which boots when first used\n"
	"  NAME.interact()            a shell in it; exit comes back here\n"
	"  start_all()                boots all machines\n"
	"  run_tests(), run_test(\"name\")\n"
	"                             runs tests of the script, on the machines as they are\n"
	"Tab completes, ^C ends what runs, ^D ";

/* The keeper's. */
static struct keeper {
	const struct prompt *prompt;
	struct relay_result *result;
	struct terminal terminal;
	struct session session;
	struct edit edit;
	struct buf names; /* each with a new line behind it */
	struct buf here;  /* the same, with what it is in front (session.h) */
	struct buf text;  /* that is to be run when it is complete */
	int history;	  /* descriptor, or -1 */
	bool failed;	  /* a line has */
} repl;

/* ---- the end ---- */

static void say(const char *text)
{
	(void)fd_write_all(STDOUT_FILENO, text, strlen(text));
}

static _Noreturn void end(int status, const char *reason)
{
	cleanup_buf struct buf out = {0};

	terminal_restore(&repl.terminal);
	session_end(&repl.session);
	repl.result->status = status;
	snprintf(repl.result->reason, sizeof(repl.result->reason), "%s", reason);
	repl.result->over = 1;
	wire_end(&out, wire_begin(&out, WIRE_FINISHED, 0));
	(void)fd_write_all(repl.session.world, out.data, out.len);
	_exit(0);
}

static void ended_by_signal(int signo)
{
	terminal_restore(&repl.terminal);
	repl.result->status = 128 + signo;
	repl.result->over = 1;
	_exit(0);
}

/* ---- lines ---- */

static void add_name(const char *name)
{
	buf_addf(&repl.names, "%s\n", name);
}

/* A line that was run may have declared something. */
static void add_names(const char *text)
{
	cleanup_buf struct buf names = {0};

	if (outline_kind(text, "") > OUTLINE_DECLARATION)
		return;
	outline_names(text, &names);
	for (const char *p = buf_str(&names); *p; p += strcspn(p, " ") + 1) {
		cleanup_free char *name = xstrndup(p, strcspn(p, " "));

		add_name(name + (*name == '#'));
	}
}

static bool is_word(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0 && !text[strlen(word) + strspn(text + strlen(word), " \t\r\n;()")];
}

/* A process that finds out by a call of its line has nobody to tell. */
static bool world_is_gone(void)
{
	struct pollfd world = {.fd = repl.session.world, .events = POLLRDHUP};

	return poll(&world, 1, 0) > 0 && (world.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static void run_text(void)
{
	const char *text = buf_str(&repl.text);
	enum session_reply r;

	if (is_word(text, "exit") || is_word(text, "quit"))
		end(repl.failed, "");
	if (is_word(text, "help")) {
		say(help);
		say(repl.prompt->visit ? "leaves; the machines stay.\n" : "ends the session and its machines.\n");
		buf_clear(&repl.text);
		return;
	}
	if (repl.text.len > SESSION_LINE_MAX) {
		log_line("a line can have %d bytes", SESSION_LINE_MAX);
		r = SESSION_FAILED;
	} else {
		r = text[strspn(text, " \t\r\n")] ? session_run(&repl.session, text) : SESSION_DONE;
	}
	if (r != SESSION_DONE && world_is_gone())
		end(EXIT_INFRA, "the machines have gone");
	if (r == SESSION_KILLED || r == SESSION_LOST)
		end(EXIT_INFRA, r == SESSION_KILLED ? "the session ends: a process that ran a line was killed"
						     : "the session ends: its processes have gone");
	if (r == SESSION_DONE)
		add_names(text);
	else if (!repl.terminal.is_tty)
		repl.failed = true;
	buf_clear(&repl.text);
}

/* Take a line without its end. An empty one runs what is not complete. */
static void take_line(const char *line)
{
	const bool forced = repl.text.len && !*line;

	buf_adds(&repl.text, line);
	buf_addc(&repl.text, '\n');
	if (forced || outline_is_complete(buf_str(&repl.text)))
		run_text();
}

/* ---- the terminal ---- */

static size_t complete(void *arg, const char *line, size_t at, struct buf *choices)
{
	size_t start = at, n;
	bool member;

	(void)arg;
	while (start > 0 && (strspn(line + start - 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") > 0))
		start--;
	n = at - start;
	member = start > 0 && (line[start - 1] == '.' || (start > 1 && line[start - 1] == '>' && line[start - 2] == '-'));
	for (size_t i = 0; member && names_methods[i]; i++)
		if (strncmp(names_methods[i], line + start, n) == 0)
			buf_addf(choices, "%s(\n", names_methods[i]);
	for (const char *p = buf_str(&repl.names); !member && *p; p += strcspn(p, "\n") + 1)
		if (strncmp(p, line + start, n) == 0)
			buf_add(choices, p, strcspn(p, "\n") + 1);
	return start;
}

static void list_choices(unsigned columns)
{
	cleanup_buf struct buf out = {0};
	size_t used = 0;

	buf_adds(&out, "\r\n");
	for (const char *p = buf_str(&repl.edit.choices); *p; p += strcspn(p, "\n") + 1) {
		size_t n = strcspn(p, "\n");

		if (used && used + n + 2 >= columns) {
			buf_adds(&out, "\r\n");
			used = 0;
		}
		buf_addf(&out, "%.*s  ", (int)n, p);
		used += n + 2;
	}
	buf_adds(&out, "\r\n");
	say(buf_str(&out));
}

static void show(void)
{
	cleanup_buf struct buf out = {0};
	unsigned columns, rows;

	terminal_size(&columns, &rows);
	edit_show(&repl.edit, columns, &out);
	say(buf_str(&out));
}

/*
 * Read what came between the end of a line and the terminal's change back. ^C among it is what it would be a moment
 * later, a signal that drops what was typed before it; the rest is for who reads next.
 */
static void look_ahead(void)
{
	struct relay_ahead *ahead = interact_ahead();
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	ssize_t n;

	while (ahead->n < sizeof(ahead->keys) && poll(&input, 1, 0) > 0) {
		n = read(STDIN_FILENO, ahead->keys + ahead->n, sizeof(ahead->keys) - ahead->n);
		if (n <= 0)
			break;
		ahead->n += (size_t)n;
	}
	for (size_t i = ahead->n; i-- > 0;) {
		if (ahead->keys[i] != CTRL_C)
			continue;
		ahead->n -= i + 1;
		memmove(ahead->keys, ahead->keys + i + 1, ahead->n);
		kill(0, SIGINT);
		return;
	}
}

/* Return: whether there is a key; there is none when the terminal's size has changed, or when we were stopped and go on. */
static bool get_key(char *key)
{
	struct relay_ahead *ahead = interact_ahead();
	ssize_t n;

	if (ahead->n) {
		*key = ahead->keys[0];
		memmove(ahead->keys, ahead->keys + 1, --ahead->n);
		return true;
	}
	n = read(STDIN_FILENO, key, 1);
	if (n == 0 || (n < 0 && errno != EINTR))
		end(0, "");
	return n == 1;
}

/* Edit one line. Return: whether there is one. */
static bool edit_line(void)
{
	enum edit_event event = EDIT_MORE;
	unsigned columns, rows;
	char key;

	edit_begin(&repl.edit, repl.text.len ? PROMPT_MORE : PROMPT);
	terminal_lend(&repl.terminal);
	session_ready(&repl.session);
	while (event != EDIT_LINE && event != EDIT_CANCELLED) {
		show();
		event = EDIT_MORE;
		if (get_key(&key))
			event = edit_key(&repl.edit, key);
		else
			terminal_lend_again(&repl.terminal);
		if (event == EDIT_END) {
			say("\r\n");
			end(0, "");
		}
		terminal_size(&columns, &rows);
		if (event == EDIT_CLEAR)
			say("\x1b[H\x1b[2J");
		else if (event == EDIT_LIST)
			list_choices(columns);
	}
	say(event == EDIT_CANCELLED ? "^C\r\n" : "\r\n");
	terminal_restore(&repl.terminal);
	if (event == EDIT_LINE)
		look_ahead();
	return event == EDIT_LINE;
}

static void remember(const char *line)
{
	cleanup_free char *text = xasprintf("%s\n", line);

	edit_remember(&repl.edit, line);
	if (repl.history >= 0 && line[strspn(line, " \t")])
		(void)!write(repl.history, text, strlen(text));
}

static void load_history(void)
{
	cleanup_free char *path = xasprintf("%s/history", repl.prompt->store);
	cleanup_buf struct buf text = {0};
	char *rest, *line;

	repl.history = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file_read(path, HISTORY_MAX, &text, NULL) < 0) {
		if (repl.history >= 0)
			(void)!ftruncate(repl.history, 0);
		return;
	}
	for (line = strtok_r(text.data ? text.data : (char[]){""}, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		edit_remember(&repl.edit, line);
}

/* Return: how many were listed. */
static size_t list_names(struct buf *out, char kind)
{
	size_t n = 0;

	for (const char *p = buf_str(&repl.here); *p; p += strcspn(p, "\n") + 1)
		if (*p == kind)
			buf_addf(out, "%s %.*s", n++ ? "," : "", (int)strcspn(p + 1, "\n"), p + 1);
	return n;
}

static void greet(void)
{
	cleanup_buf struct buf out = {0}, machines = {0}, locals = {0};
	const size_t n = list_names(&machines, SESSION_MACHINE);

	buf_addf(&out, "machine%s:%s", n == 1 ? "" : "s", n ? buf_str(&machines) : " none");
	if (list_names(&locals, SESSION_LOCAL))
		buf_addf(&out, "; here:%s", buf_str(&locals));
	buf_addf(&out, "; help explains, ^D %s\n", repl.prompt->visit ? "leaves" : "ends");
	say(buf_str(&out));
}

static _Noreturn void read_terminal(void)
{
	load_history();
	repl.edit.complete = complete;
	greet();
	for (;;) {
		if (!edit_line()) {
			buf_clear(&repl.text);
			continue;
		}
		remember(buf_str(&repl.edit.line));
		take_line(buf_str(&repl.edit.line));
	}
}

/* ---- no editing ---- */

/* Return: whether there is a line; a signal's handler may have ended a read(2) that got nothing. */
static bool read_line(char **line, size_t *room)
{
	while (getline(line, room, stdin) < 0) {
		if (!ferror(stdin) || errno != EINTR)
			return false;
		clearerr(stdin);
	}
	(*line)[strcspn(*line, "\r\n")] = '\0';
	return true;
}

/* From a pipe, or a terminal without escape sequences. */
static _Noreturn void read_lines(void)
{
	const bool is_tty = repl.terminal.is_tty;
	char *line = NULL;
	size_t room = 0;

	if (is_tty)
		greet();
	for (;;) {
		terminal_restore(&repl.terminal); /* in the foreground, that is */
		if (is_tty)
			say(repl.text.len ? PROMPT_MORE : PROMPT);
		if (!read_line(&line, &room))
			break;
		if (is_tty)
			session_ready(&repl.session); /* a ^C before the line was entered */
		if (strncmp(line, "#!", 2) != 0)
			take_line(line);
	}
	if (is_tty)
		say("\n");
	if (repl.text.len)
		run_text();
	end(repl.failed, "");
}

/* ---- the keeper ---- */

static void nothing(int signo)
{
	(void)signo;
}

static void pass_interrupt(int signo)
{
	(void)signo;
	session_interrupt(&repl.session);
}

static void catch_signals(void)
{
	struct sigaction resized = {.sa_handler = nothing}; /* ends a read(2) */

	signal(SIGINT, repl.session.warden >= 0 ? pass_interrupt : SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	signal(SIGTERM, ended_by_signal);
	signal(SIGHUP, ended_by_signal);
	sigaction(SIGWINCH, &resized, NULL);
	sigaction(SIGCONT, &resized, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* instead of SIGKILL: the terminal is to be restored */
}

/* Return: 0, or -1. */
static int begin(struct session *s, struct err *err)
{
	if (s->warden < 0)
		session_names(s->script, NULL, &repl.here);
	if ((s->warden < 0 ? session_start(s, err) : session_join(s, &repl.here, err)) < 0)
		return -1;
	for (const char *p = buf_str(&repl.here); *p; p += strcspn(p, "\n") + 1) {
		cleanup_free char *name = xstrndup(p + 1, strcspn(p + 1, "\n"));

		if (*p != SESSION_MACHINE)
			add_name(name);
	}
	return 0;
}

_Noreturn void prompt_run(void *arg, int fd)
{
	const struct prompt *p = arg;
	struct err err = {0};
	sigset_t none;

	repl = (struct keeper){.prompt = p, .result = p->result, .terminal = p->terminal, .history = -1};
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	repl.session = (struct session){.script = p->script,
					.world = fd,
					.line = -1,
					.warden = p->script ? -1 : p->warden,
					.interact = interact_is_ready() ? interact_at_prompt : NULL};
	if (begin(&repl.session, &err) < 0)
		end(EXIT_INFRA, err.text);
	catch_signals();
	if (repl.terminal.is_tty && fd_is_screen(STDOUT_FILENO))
		read_terminal();
	read_lines();
}
