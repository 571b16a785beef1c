/* completion.c - `vmtap completion`: what lets bash, zsh and fish complete vmtap's command lines
 *
 * Theory of operation
 *
 * Each shell's script is made from the command table and the option tables, so that it knows what they know: commands,
 * options, and what a value may be. The latter is told by the texts that the help shows: words in small letters are to be
 * typed as they are ("auto|kvm|tcg", "list | prune"), FILE and its like are names of files, COMMAND is a command, and
 * the rest is the user's to know. Without a command the options are those of run.
 *
 * Rejected: scripts that ask vmtap at each key. They are shorter, but a vmtap that is not on the PATH, is of another
 * version or is being built would make the shell stutter.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/cmd.h"

#define BUNDLE "vmtap-x86_64" /* the name of the one file */

/* ---- what the tables say ---- */

/* Go through the words of a synopsis or a value that are typed as they stand. Return: whether there was one. */
static bool next_word(const char **at, char word[32])
{
	static const char between[] = " |[]=.";

	while (**at) {
		const char *start = *at + strspn(*at, between);
		size_t n = strcspn(start, between), small = 0;

		*at = start + n;
		while (small < n && islower((unsigned char)start[small]))
			small++;
		if (n > 0 && n < 32 && small == n) {
			memcpy(word, start, n);
			word[n] = '\0';
			return true;
		}
	}
	return false;
}

static bool names_files(const char *text)
{
	return strstr(text, "FILE") || strstr(text, "FOLDER") || strstr(text, "DIR") || strstr(text, "IMAGE") || strstr(text, "PATH");
}

/* Return: the words that may be typed for a synopsis or a value, with a blank between them; the caller frees it. */
static char *words_of(const char *text)
{
	struct buf out = {0};
	char word[32];

	for (const char *at = text; next_word(&at, word);)
		buf_addf(&out, "%s%s", out.len ? " " : "", word);
	if (strstr(text, "COMMAND"))
		for (const struct command_entry *c = cmd_table; c->name; c++)
			buf_addf(&out, "%s%s", out.len ? " " : "", c->name);
	buf_str(&out);
	return buf_steal(&out);
}

static const struct option *options_of(const struct command_entry *c)
{
	static const struct option none[] = {{0}};

	return c->options ? c->options : none;
}

/* Print text for a place between single quotes of a shell; with @brackets for one in brackets of zsh, too. */
static void print_quoted(const char *text, bool brackets)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (brackets && strchr("[]\\", *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

static void print_commands(void)
{
	for (const struct command_entry *c = cmd_table; c->name; c++)
		printf("%s ", c->name);
}

/* ---- bash ---- */

/* A case for each option with a value: what may stand there. */
static void print_bash_values(const struct command_entry *c)
{
	for (const struct option *o = options_of(c); o->name; o++) {
		cleanup_free char *words = o->value ? words_of(o->value) : NULL;

		if (!o->value)
			continue;
		printf("\t'%s --%s'", c->name, o->name);
		if (o->letter)
			printf(" | '%s -%c'", c->name, o->letter);
		if (names_files(o->value))
			puts(") return ;;");
		else
			printf(") words='%s'; options=$words; compopt +o default ;;\n", words);
	}
}

static void print_bash_command(const struct command_entry *c)
{
	cleanup_free char *words = words_of(c->synopsis);

	printf("\t%s) words='%s' options='", c->name, words);
	for (const struct option *o = options_of(c); o->name; o++)
		printf("--%s%s ", o->name, o->value ? "=" : "");
	printf("--help --version'%s ;;\n", names_files(c->synopsis) ? "" : " && compopt +o default");
}

static void print_bash(void)
{
	puts("# bash: source <(vmtap completion bash)\n"
	     "_vmtap()\n{\n"
	     "\tlocal current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= words= options= reply\n"
	     "\tCOMPREPLY=()\n"
	     "\t# --accel=tcg is three words to bash\n"
	     "\tcase $current:$before in\n"
	     "\t=:*) current= ;;\n"
	     "\t*:=) before=${COMP_WORDS[COMP_CWORD-2]} ;;\n"
	     "\tesac\n"
	     "\t[ $COMP_CWORD -gt 1 ] && command=${COMP_WORDS[1]}");
	printf("\tcase ' ");
	print_commands();
	puts("' in *\" $command \"*) ;; *) command=run ;; esac\n"
	     "\tcase $command in");
	for (const struct command_entry *c = cmd_table; c->name; c++)
		print_bash_command(c);
	printf("\tesac\n\t[ $COMP_CWORD -gt 1 ] || words='");
	print_commands();
	puts("'\n\tcase \"$command $before\" in");
	for (const struct command_entry *c = cmd_table; c->name; c++)
		print_bash_values(c);
	puts("\tesac\n"
	     "\tcase $current in -*) words=$options ;; esac\n"
	     "\t# Files, too: bash completes those when there is nothing else\n"
	     "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
	     "\tif [ $COMP_CWORD = 1 ] && [ \"${current#-}\" = \"$current\" ]; then\n"
	     "\t\tmapfile -t reply < <(compgen -f -X '!*.c' -- \"$current\"; compgen -d -- \"$current\")\n"
	     "\t\tCOMPREPLY+=(\"${reply[@]}\")\n"
	     "\t\tcompopt -o filenames\n"
	     "\tfi\n"
	     "\tcase ${COMPREPLY-} in *=) compopt -o nospace ;; esac\n"
	     "}\n"
	     "complete -o default -F _vmtap vmtap " BUNDLE);
}

/* ---- zsh ---- */

static void print_zsh_option(const struct option *o)
{
	cleanup_free char *words = o->value ? words_of(o->value) : NULL;

	printf(" \\\n\t\t\t");
	if (o->letter)
		printf("'(-%c --%s)'{-%c%s,--%s%s}'[", o->letter, o->name, o->letter, o->value ? "+" : "", o->name, o->value ? "=" : "");
	else
		printf("'--%s%s[", o->name, o->value ? "=" : "");
	print_quoted(o->help, true);
	putchar(']');
	if (o->value) {
		printf(":%s:", o->name);
		if (*words)
			printf("(%s)", words);
		else if (names_files(o->value))
			printf("_files");
	}
	putchar('\'');
}

static void print_zsh_command(const struct command_entry *c)
{
	cleanup_free char *words = words_of(c->synopsis);

	printf("\t%s)\n\t\t_arguments -s -S '--help[explain it]' '--version[print the version]'", c->name);
	for (const struct option *o = options_of(c); o->name; o++)
		print_zsh_option(o);
	if (*words)
		printf(" \\\n\t\t\t'1: :(%s)'", words);
	if (names_files(c->synopsis))
		printf(" \\\n\t\t\t'*: :_files'");
	puts(" ;;");
}

static void print_zsh(void)
{
	puts("#compdef vmtap " BUNDLE "\n"
	     "# zsh: source <(vmtap completion zsh), or a file _vmtap in a folder of $fpath\n"
	     "_vmtap() {\n"
	     "\tlocal command=run\n"
	     "\tlocal -a commands=(");
	for (const struct command_entry *c = cmd_table; c->name; c++) {
		printf("\t\t'%s:", c->name);
		print_quoted(c->summary, false);
		puts("'");
	}
	puts("\t)\n"
	     "\tif (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n"
	     "\t\t_describe -t commands command commands\n"
	     "\t\t_files\n"
	     "\t\treturn\n"
	     "\tfi\n"
	     "\tif (( CURRENT > 2 )) && [[ -n ${(M)commands:#$words[2]:*} ]]; then\n"
	     "\t\tcommand=$words[2]\n"
	     "\t\tshift words\n"
	     "\t\t(( CURRENT-- ))\n"
	     "\tfi\n"
	     "\tcase $command in");
	for (const struct command_entry *c = cmd_table; c->name; c++)
		print_zsh_command(c);
	puts("\tesac\n"
	     "}\n"
	     "if [[ $funcstack[1] == _vmtap ]]; then _vmtap \"$@\"; else compdef _vmtap vmtap " BUNDLE "; fi");
}

/* ---- fish ---- */

/* What holds at a place: behind the command; for run, also where there is none. */
static void print_fish_place(const struct command_entry *c)
{
	printf("complete -c $vmtap -n '__vmtap_is %s'", c->name);
}

static void print_fish_command(const struct command_entry *c)
{
	cleanup_free char *words = words_of(c->synopsis);

	printf("complete -c $vmtap -n __vmtap_first -a %s -d '", c->name);
	print_quoted(c->summary, false);
	puts("'");
	if (*words || !names_files(c->synopsis)) {
		print_fish_place(c);
		printf("%s -a '%s'\n", names_files(c->synopsis) ? "" : " -f", words);
	}
	for (const struct option *o = options_of(c); o->name; o++) {
		cleanup_free char *choice = o->value ? words_of(o->value) : NULL;

		print_fish_place(c);
		if (o->letter)
			printf(" -s %c", o->letter);
		printf(" -l %s", o->name);
		if (o->value && names_files(o->value))
			printf(" -r -F");
		else if (o->value)
			printf(" -x -a '%s'", choice);
		printf(" -d '");
		print_quoted(o->help, false);
		puts("'");
	}
}

static void print_fish(void)
{
	printf("# fish: vmtap completion fish | source\n"
	       "function __vmtap_command\n"
	       "\tset -l words (commandline -opc)\n"
	       "\tset -q words[2]; and contains -- $words[2]");
	for (const struct command_entry *c = cmd_table; c->name; c++)
		printf(" %s", c->name);
	puts("; and echo $words[2]; or echo run\n"
	     "end\n"
	     "function __vmtap_is\n\ttest (__vmtap_command) = $argv[1]\nend\n"
	     "function __vmtap_first\n\ttest (count (commandline -opc)) = 1\nend\n"
	     "for vmtap in vmtap " BUNDLE " # not -w: that does not know ./" BUNDLE "\n"
	     "complete -c $vmtap -l help -s h -d 'explain the command'\n"
	     "complete -c $vmtap -l version -s V -d 'print the version'");
	for (const struct command_entry *c = cmd_table; c->name; c++)
		print_fish_command(c);
	puts("end");
}

/* ---- the command ---- */

int cmd_completion(char **argv)
{
	static const struct option none[] = {{0}};
	static const char *const shells[] = {"bash", "zsh", "fish", NULL};
	static void (*const print[])(void) = {print_bash, print_zsh, print_fish};
	int n, status = cmd_parse("completion", none, NULL, argv, &n);

	if (status >= 0)
		return status;
	if (n != 1)
		return cmd_wrong("completion", "say for which shell: bash, zsh or fish");
	for (size_t i = 0; shells[i]; i++) {
		if (strcmp(argv[0], shells[i]) == 0) {
			print[i]();
			return EXIT_PASSED;
		}
	}
	log_line("there is no completion for '%s'", argv[0]);
	return cmd_wrong("completion", "it can be made for bash, zsh and fish");
}
