/* methods.h - the functions behind the methods of a machine, made from methods.def
 *
 * Each is called by the thunk of a machine with that machine's number. It asks
 * the world, waits for the answer, and returns; or it reports a failure and
 * ends the subtest or test, and does not return.
 */
#ifndef SCRIPT_METHODS_H
#define SCRIPT_METHODS_H

#include <stdbool.h>

#include "script/types.h"

struct vm;

#define METHOD_PARAMETERS(...)			       , ##__VA_ARGS__
#define METHOD(type, name, parameters, arguments, doc) type method_##name(unsigned machine METHOD_PARAMETERS parameters);
#include "script/methods.def"

#define NET_METHOD(type, name, parameters, arguments, doc) type net_##name(unsigned net METHOD_PARAMETERS parameters);
#include "script/methods.def"

/* vmtap.h: start_all() */
void methods_start_all(void);
/* vmtap.h: join_all() */
void methods_join_all(void);

#endif
