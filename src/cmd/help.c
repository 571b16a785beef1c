/* help.c - `vmtap help`, --help, and what to say about a wrong command line */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "cmd/cmd.h"

static const struct command_entry *find(const char *name)
{
	const struct command_entry *c = cmd_table;

	while (c->name && strcmp(c->name, name))
		c++;
	return c->name ? c : NULL;
}

static void print_command(const struct command_entry *c)
{
	printf("usage: vmtap %s%s%s\n\n%s\n", c->name, *c->synopsis ? " " : "", c->synopsis, c->summary);
	if (c->options && c->options->name) {
		puts("\noptions:");
		options_print(c->options);
	}
}

static void print_overview(void)
{
	puts("vmtap: tests on virtual machines, as TAP, with or without KVM\n\n"
	     "usage: vmtap [run] [OPTIONS] FILE...\n\ncommands:");
	for (const struct command_entry *c = cmd_table; c->name; c++)
		printf("  %-10s %s\n", c->name, c->summary);
	puts("\n`vmtap help COMMAND` lists a command's options, `vmtap --version` prints the version.\n"
	     "Exit status: 0 all passed or skipped, 1 a test failed, 2 the command line or a script\n"
	     "is wrong, 3 the infrastructure failed.");
}

const char *cmd_nearest(const char *word)
{
	const char *names[CMD_MAX + 1] = {NULL};

	for (size_t i = 0; i < CMD_MAX && cmd_table[i].name; i++)
		names[i] = cmd_table[i].name;
	return text_nearest(word, names);
}

int cmd_help(char **argv)
{
	static const struct option none[] = {{0}};
	const struct command_entry *c;
	int n, status = cmd_parse("help", none, NULL, argv, &n);

	if (status >= 0)
		return status;
	if (n > 1) {
		log_line("help takes one command, but there is '%s'\ntry 'vmtap help'", argv[1]);
		return EXIT_WRONG;
	}
	if (n == 0) {
		print_overview();
		return EXIT_PASSED;
	}
	c = find(argv[0]);
	if (!c) {
		const char *near = cmd_nearest(argv[0]);

		log_line("there is no command '%s'%s%s%s\ntry 'vmtap help'", argv[0], near ? "\ndid you mean 'vmtap help " : "",
			 near ? near : "", near ? "'?" : "");
		return EXIT_WRONG;
	}
	print_command(c);
	return EXIT_PASSED;
}

int cmd_wrong(const char *name, const char *why)
{
	log_line("%s\ntry 'vmtap help %s'", why, name);
	return EXIT_WRONG;
}

int cmd_failed(const struct err *err)
{
	log_line("%s", err->text);
	return EXIT_INFRA;
}

static bool has_option(const struct option *table, const char *word)
{
	const size_t n = strcspn(word, "=");

	for (; table && table->name; table++)
		if (strlen(table->name) == n && memcmp(table->name, word, n) == 0)
			return true;
	return false;
}

/* Name what has another command than this. Return: whether there is such an option in @argv. */
static bool is_of_another(const char *name, const struct option *table, char **argv, struct err *err)
{
	for (char **p = argv; *p && strcmp(*p, "--"); p++) {
		const char *word = *p + 2;

		if (strncmp(*p, "--", 2) != 0 || has_option(table, word))
			continue;
		for (const struct command_entry *c = cmd_table; c->name; c++)
			if (has_option(c->options, word)) {
				err_set(err, "%s has no option '--%.*s', which is one of %s", name, (int)strcspn(word, "="), word, c->name);
				return true;
			}
		return false;
	}
	return false;
}

int cmd_parse(const char *name, const struct option *table, void *to, char **argv, int *operands)
{
	struct err err = {0}, other = {0};

	for (char **p = argv; *p && strcmp(*p, "--"); p++) {
		if (strcmp(*p, "--help") == 0 || strcmp(*p, "-h") == 0) {
			print_command(find(name));
			return EXIT_PASSED;
		}
		if (strcmp(*p, "--version") == 0 || strcmp(*p, "-V") == 0) {
			puts("vmtap " VMTAP_VERSION);
			return EXIT_PASSED;
		}
	}
	*operands = options_parse(table, to, argv, &err);
	if (*operands >= 0)
		return -1;
	return cmd_wrong(name, is_of_another(name, table, argv, &other) ? other.text : err.text);
}

int cmd_wrong_operand(const char *name, const char *operand)
{
	log_line("%s takes no operand, but there is '%s'\ntry 'vmtap help %s'", name, operand, name);
	return EXIT_WRONG;
}

int cmd_parse_nothing(const char *name, char **argv)
{
	static const struct option none[] = {{0}};
	int n, status = cmd_parse(name, none, NULL, argv, &n);

	return status >= 0 || n == 0 ? status : cmd_wrong_operand(name, argv[0]);
}
