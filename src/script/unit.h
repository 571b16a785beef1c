/* unit.h - a line that was typed, compiled so that it sees the script and the lines before it */
#ifndef SCRIPT_UNIT_H
#define SCRIPT_UNIT_H

struct locals;
struct script;

/**
 * unit_init() - Begin with what a script declares
 * @test, @tests: What run_test(name) and run_tests() do
 *
 * All methods of its machines can be called from now on.
 */
void unit_init(struct script *s, void (*test)(const char *name), void (*tests)(void));

/*
 * The variables of functions that are being executed as well; those of a caller give way to what is outside of functions.
 * What lines cannot use is taken out of @here.
 */
void unit_add_locals(struct locals *here);

/**
 * unit_compile() - Compile a line
 *
 * Errors go to standard error, with a mark below the place where there is one line.
 *
 * Return: what runs it, and shows its value if it is an expression; NULL when it does not compile
 */
void (*unit_compile(const char *text))(void);

/* Call @name for each name that a line can begin with: machines, functions and variables of the script, and vmtap's. */
void unit_names(const struct script *s, void (*name)(void *arg, const char *name), void *arg);

/* Fail: the script has no test of that name; @names are those it has, NULL-terminated. */
void unit_no_test(const char *name, const char *const *names);

#endif
