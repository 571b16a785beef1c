/* compiled.h - a compiled script from the inside */
#ifndef SCRIPT_COMPILED_H
#define SCRIPT_COMPILED_H

#include <libtcc.h>

#include "script/diagnose.h"
#include "script/lines.h"
#include "script/script.h"
#include "script/source.h"
#include "script/types.h"

/**
 * struct script - A compiled script; its code and data stay where tcc put them
 * @variant:	Values that come in place of what its machines are declared with, or NULL
 * @code:	The user's code
 * @thunks:	The functions of the machines, in a state of their own: their
 *		addresses are never mistaken for the user's
 * @bodies:	The functions of @tests
 * @setups:	Those without a name: what runs first of all, in the order of the file
 * @stages:	Those with a name, and @stage_bodies their functions
 * @objects:	The struct vm of each of @machines
 */
struct script {
	char *path;
	const struct variant *variant;
	struct sources sources;
	TCCState *code, *thunks;
	struct lines lines;

	struct script_test *tests;
	void (**bodies)(void);
	size_t test_count;
	void (**setups)(void);
	size_t setup_count;
	struct script_stage *stages;
	void (**stage_bodies)(void);
	size_t stage_count;
	struct script_machine *machines;
	struct vm **objects;
	size_t machine_count;
	struct script_net *nets;
	struct net **net_objects; /* of each of @nets */
	size_t net_count;
};

/* The dialect's struct vm, as vmtap.h declares it: methods.def gives the members. */
enum {
#define METHOD(type, name, parameters, arguments, doc) METHOD_##name,
#include "script/methods.def"
	METHOD_COUNT
};

struct vm {
	const char *name;
	void *methods[METHOD_COUNT];
};

/* And its struct net. */
enum {
#define NET_METHOD(type, name, parameters, arguments, doc) NET_METHOD_##name,
#include "script/methods.def"
	NET_METHOD_COUNT
};

struct net {
	const char *name;
	void *methods[NET_METHOD_COUNT];
};

/* libc.c: give a state everything that a script may call. */
void libc_add_symbols(TCCState *s);

/* stages.c: read the setups with a name, and what each test begins with. */
void stages_read(struct script *s, struct diagnostics *d);

/* declare.c: read the tests, machines and networks that relocated code declares; errors go to @d. */
void declare_read(struct script *s, struct diagnostics *d);

/*
 * thunks.c: compile the machines' functions, those that are named in the script or @all, and put them into each struct
 * vm. Return: 0, or -1.
 */
int thunks_make(struct script *s, bool all, struct diagnostics *d);

/* compile.c: a state for code in memory, whose errors go to @d. */
TCCState *compile_new_state(const char *options, struct diagnostics *d);

#endif
