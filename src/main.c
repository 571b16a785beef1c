/* main.c - the command table */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/visit.h"

const struct command_entry cmd_table[] = {
	{"run", "[OPTIONS] FILE[:LINE]|FOLDER...", "run test scripts and print TAP", cmd_run_options, cmd_run},
	{"shell", "[OPTIONS] [FILE|IMAGE [MACHINE]]", "boot what a script declares, or an image, and give a root shell there",
	 visit_options, cmd_shell},
	{"repl", "[OPTIONS] FILE", "give a C prompt that has the machines and functions of a script", visit_options, cmd_repl},
	{"attach", "[OPTIONS] [NAME|ADDRESS] [MACHINE]", "give a shell, a C prompt or a screen of a machine that a failed test has left (run --keep)",
	 cmd_attach_options, cmd_attach},
	{"check", "[OPTIONS] FILE...", "compile test scripts, look for their images, list their tests; boot nothing", cmd_check_options, cmd_check},
	{"cache", "list | prune [OPTIONS] | export FILE [KIND...] | import FILE",
	 "see what is kept between runs, make it small, carry it to another machine", cmd_cache_options, cmd_cache},
	{"image", "info FILE|FOLDER", "say what an image is and what would boot it", cmd_image_options, cmd_image},
	{"bundle", "info | unpack FOLDER | pack -o FILE [OPTIONS] [NAME=PATH...]",
	 "see what is in a vmtap that has QEMU and the kit inside, unpack it, make one", cmd_bundle_options, cmd_bundle},
	{"new", "[--image=IMAGE] [FILE]", "write a first test script", cmd_new_options, cmd_new},
	{"doctor", "[OPTIONS]", "say what works here, what does not, and how to mend it", cmd_doctor_options, cmd_doctor},
	{"header", "[--clangd [FOLDER]]", "print the dialect's header, for editors and checkers", cmd_header_options, cmd_header},
	{"completion", "bash|zsh|fish", "print a script that lets a shell complete vmtap's command lines", NULL, cmd_completion},
	{"licenses", "[NAME]", "print what is inside and under which licence, or one licence's text", NULL, cmd_licenses},
	{"help", "[COMMAND]", "explain a command", NULL, cmd_help},
	{0},
};
static_assert(ARRAY_SIZE(cmd_table) <= CMD_MAX + 1, "what is mistyped is compared with every command");

/* A word that is neither a command nor a file: say what was probably meant. */
static int unknown_command(const char *word)
{
	const char *near = cmd_nearest(word);

	log_line("there is no command and no file '%s'", word);
	if (near)
		log_line("did you mean 'vmtap %s'?", near);
	log_line("try 'vmtap help'");
	return EXIT_WRONG;
}

/* A file that is opened later must not take the place of a standard stream that is closed: reading there ends at once, writing fails. */
static void fill_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", O_RDONLY); /* NOLINT(android-cloexec-open): a standard descriptor is inherited */
}

/*
 * What holds for all commands: a file that meets the limit of `ulimit -f` is an
 * error of the write, not the end of the process; and what vmtap writes can be
 * written by everybody only where the user's umask was made for sharing.
 */
static void set_up(void)
{
	mode_t mask = umask(0);

	fill_streams();
	umask(mask & S_IWOTH ? mask : mask | S_IWGRP | S_IWOTH);
	signal(SIGXFSZ, SIG_IGN);
}

static int run(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "help";

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		word = "help";
	for (const struct command_entry *c = cmd_table; c->name; c++)
		if (strcmp(c->name, word) == 0)
			return c->run(argv + (argc > 1 ? 2 : 1));
	/* `vmtap FILE` and `vmtap --option FILE`: run is the default */
	if (word[0] == '-' || strpbrk(word, "./") || file_exists(word))
		return cmd_run(argv + 1);
	return unknown_command(word);
}

/* What a command has printed may still be on its way. Return: its exit status, or that of one that cannot print. */
static int finish(int status)
{
	const bool failed = ferror(stdout);

	if (fflush(stdout) < 0)
		log_line("cannot write to standard output: %s", strerror(errno));
	else if (failed)
		log_line("cannot write to standard output");
	else
		return status;
	return status == EXIT_PASSED ? EXIT_INFRA : status;
}

int main(int argc, char **argv)
{
	set_up();
	return finish(run(argc, argv));
}
