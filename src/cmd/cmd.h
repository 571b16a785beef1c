/* cmd.h - the commands of vmtap, one file each */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "cmd/options.h"

#define VMTAP_VERSION "0.1.0"

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

/* Ended by a row without a name. */
extern const struct command_entry cmd_table[];

/* Each file's command and its options. */
int cmd_run(char **argv);
int cmd_check(char **argv);
int cmd_cache(char **argv);
int cmd_doctor(char **argv);
int cmd_header(char **argv);
int cmd_help(char **argv);
extern const struct option cmd_run_options[], cmd_check_options[], cmd_cache_options[];

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

#endif
