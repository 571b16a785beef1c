/* repl.c - `vmtap repl`: a C prompt that has the machines and functions of a script
 *
 * Theory of operation
 *
 * This process is the world, as that of `vmtap shell` is. Its script's process is the keeper of session.h: it reads
 * lines, from a terminal or a pipe, and has them run. On a terminal, keys come as they are typed while a line is edited
 * (edit.h); while it runs, the terminal is as the person left it, so that ^C is a signal to all that run it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/edit.h"
#include "cmd/interact.h"
#include "cmd/visit.h"
#include "script/methods.h"
#include "script/outline.h"
#include "script/script.h"
#include "script/session.h"
#include "script/unit.h"
#include "wire/frame.h"
#include "wire/script.h"
#include "world/world.h"

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
	"Tab completes, ^C ends what runs, ^D ends the session and its machines.\n";

/* The keeper's. */
static struct repl {
	struct plan_file *file;
	const char *store;
	struct terminal terminal;
	struct relay_result *result; /* of the session, in shared memory */
	struct session session;
	struct edit edit;
	struct buf names; /* each with a new line behind it */
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

static void add_name(void *arg, const char *name)
{
	(void)arg;
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

		add_name(NULL, name + (*name == '#'));
	}
}

static bool is_word(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0 && !text[strlen(word) + strspn(text + strlen(word), " \t\r\n;()")];
}

static void run_text(void)
{
	const char *text = buf_str(&repl.text);
	enum session_reply r;

	if (is_word(text, "exit") || is_word(text, "quit"))
		end(repl.failed, "");
	if (is_word(text, "help")) {
		say(help);
		buf_clear(&repl.text);
		return;
	}
	if (repl.text.len > SESSION_LINE_MAX) {
		log_line("a line can have %d bytes", SESSION_LINE_MAX);
		r = SESSION_FAILED;
	} else {
		r = text[strspn(text, " \t\r\n")] ? session_run(&repl.session, text) : SESSION_DONE;
	}
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

static _Noreturn void read_pipe(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while ((n = getline(&line, &room, stdin)) >= 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (strncmp(line, "#!", 2) != 0)
			take_line(line);
	}
	if (repl.text.len)
		run_text();
	end(repl.failed, "");
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
	for (size_t i = 0; member && methods_names[i]; i++)
		if (strncmp(methods_names[i], line + start, n) == 0)
			buf_addf(choices, "%s(\n", methods_names[i]);
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

/* Return: whether there is a key; a terminal whose size has changed has none. */
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
		event = get_key(&key) ? edit_key(&repl.edit, key) : EDIT_MORE;
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
	cleanup_free char *path = xasprintf("%s/history", repl.store);
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

static void greet(void)
{
	cleanup_buf struct buf out = {0};
	const struct script *s = repl.session.script;

	buf_adds(&out, script_machine_count(s) == 1 ? "machine:" : "machines:");
	for (size_t i = 0; i < script_machine_count(s); i++)
		buf_addf(&out, "%s %s", i ? "," : "", script_machine(s, i)->name);
	buf_addf(&out, "%s; help explains, ^D ends\n", script_machine_count(s) ? "" : " none");
	say(buf_str(&out));
}

static _Noreturn void read_terminal(void)
{
	load_history();
	repl.edit.complete = complete;
	unit_names(repl.session.script, add_name, NULL);
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

/* ---- the keeper ---- */

static void nothing(int signo)
{
	(void)signo;
}

static void catch_signals(void)
{
	struct sigaction resized = {.sa_handler = nothing}; /* ends a read(2) */

	signal(SIGINT, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	signal(SIGTERM, ended_by_signal);
	signal(SIGHUP, ended_by_signal);
	sigaction(SIGWINCH, &resized, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* instead of SIGKILL: the terminal is to be restored */
}

static _Noreturn void keep(void *arg, int fd)
{
	struct err err = {0};
	sigset_t none;

	(void)arg;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	repl.session = (struct session){
		.script = repl.file->script, .world = fd, .interact = interact_is_ready() ? interact_at_prompt : NULL};
	if (session_start(&repl.session, &err) < 0)
		end(EXIT_INFRA, err.text);
	catch_signals();
	if (repl.terminal.is_tty)
		read_terminal();
	read_pipe();
}

/* ---- the command ---- */

/* Return: the exit status. */
static int run_session(struct plan *p, const struct settings *s, const struct visit_options *o)
{
	struct relay_result *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct world_outcome outcome = {0};

	visit_set_up(p, o);
	repl = (struct repl){.file = &p->files[0], .store = s->store, .result = result, .history = -1};
	terminal_look(&repl.terminal);
	if (result == MAP_FAILED || !interact_init(&repl.terminal)) {
		log_line("out of memory");
		return EXIT_INFRA;
	}
	world_run(&p->files[0].world, keep, NULL, &outcome);
	terminal_restore(&repl.terminal);
	if (repl.result->over && repl.result->reason[0])
		log_line("%s", repl.result->reason);
	else if (!repl.result->over)
		log_line("the session was cut off: the process that read its lines was killed");
	world_outcome_free(&outcome);
	return repl.result->over ? repl.result->status : EXIT_INFRA;
}

/* Return: 0, or -1 when the script cannot be used. */
static int make_plan(char *path, struct settings *s, struct plan *p, struct err *err)
{
	static struct operand script;
	static const struct operands scripts = {.list = &script, .count = 1};

	script.path = path;
	plan_make(p, &scripts);
	if (p->files[0].error)
		return err_set(err, "%s", p->files[0].error);
	settings_provide(s);
	plan_describe(&p->files[0], s);
	return 0;
}

int cmd_repl(char **argv)
{
	struct visit_options o = {0};
	struct settings s = {.store = NULL};
	struct accel accel;
	struct plan p;
	struct err err = {0};
	int n, status = cmd_parse("repl", visit_options, &o, argv, &n);

	if (status >= 0)
		return status;
	log_level = 1 + o.verbose;
	if (n != 1)
		err_set(&err, "%s%s", n ? "one script is wanted, and there is another word: " : "a script is wanted", n ? argv[1] : "");
	if (n != 1 || settings_read(&s, &err) < 0 || accel_check(o.accel, &err) < 0 || make_plan(argv[0], &s, &p, &err) < 0) {
		log_line("%s\ntry 'vmtap help repl'", err.text);
		return s.damaged ? EXIT_INFRA : EXIT_WRONG;
	}
	if (visit_prepare(&p.files[0], &s, &o, &accel, &err) < 0) {
		log_line("%s", err.text);
		return EXIT_INFRA;
	}
	return run_session(&p, &s, &o);
}
