/* cmd.h - the commands of vmtap, one file each */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <assert.h>

#include "base/mem.h"
#include "cmd/options.h"

#define VMTAP_VERSION "0.1.0"

/**
 * enum exit_status - Exit statuses of vmtap
 * @EXIT_PASSED: All tests passed or were skipped; a command did what it was told
 * @EXIT_FAILED: A test failed, or `cache list --check` found damage
 * @EXIT_WRONG:	The command line, a variable of the environment or a script is wrong
 * @EXIT_INFRA:	The infrastructure failed, or a signal ended the run
 *
 * Below 126: automake and shells read what is above as signals and missing programs.
 */
enum exit_status { EXIT_PASSED = 0, EXIT_FAILED = 1, EXIT_WRONG = 2, EXIT_INFRA = 3 };

static_assert(EXIT_INFRA == MEM_EXIT_STATUS, "a process that runs out of memory ends as the infrastructure's failure");

/**
 * struct command_entry - A row of the command table
 * @name:	As typed
 * @synopsis:	What follows the name in the usage line
 * @summary:	One line
 * @options:	Its option table, or NULL
 * @run:	Gets the arguments behind the name, NULL-terminated; returns an exit status
 */
struct command_entry {
	const char *name, *synopsis, *summary;
	const struct option *options;
	int (*run)(char **argv);
};

#define CMD_MAX 24 /* rows of the table, at most */

/* Ended by a row without a name. */
extern const struct command_entry cmd_table[];

/* Return: the command that was probably meant, or NULL. */
const char *cmd_nearest(const char *word);

/* Each file's command and its options. */
int cmd_run(char **argv);
int cmd_check(char **argv);
int cmd_bundle(char **argv);
int cmd_shell(char **argv);
int cmd_repl(char **argv);
int cmd_attach(char **argv);
int cmd_cache(char **argv);
int cmd_image(char **argv);
int cmd_doctor(char **argv);
int cmd_header(char **argv);
int cmd_new(char **argv);
int cmd_completion(char **argv);
int cmd_licenses(char **argv);
int cmd_help(char **argv);
extern const struct option cmd_run_options[], cmd_attach_options[], cmd_check_options[], cmd_header_options[], cmd_bundle_options[], cmd_cache_options[],
	cmd_doctor_options[], cmd_image_options[], cmd_new_options[];

/**
 * cmd_parse() - options_parse() that answers --help and --version and explains errors
 * @name:	The command's
 * @operands:	Set to how many operands there are
 *
 * Return: -1 to go on, else the exit status to return at once
 */
int cmd_parse(const char *name, const struct option *table, void *to, char **argv, int *operands);

/* The same for a command without options and operands. */
int cmd_parse_nothing(const char *name, char **argv);

/* Say what is wrong with the command line, and where to look it up. Return: EXIT_WRONG. */
int cmd_wrong(const char *name, const char *why);
/* The same of a word behind a command that takes none. */
int cmd_wrong_operand(const char *name, const char *operand);
/* Say what failed. Return: EXIT_INFRA. */
int cmd_failed(const struct err *err);

#endif
