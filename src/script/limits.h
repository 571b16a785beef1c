/* limits.h - what a child that runs the code of a script may use */
#ifndef SCRIPT_LIMITS_H
#define SCRIPT_LIMITS_H

#include <stddef.h>
#include <sys/resource.h>

/* Lower a soft limit (setrlimit(2)) to @value; a lower one stays. */
void limits_lower(int resource, rlim_t value);

/* Raise a soft limit by @more, as far as the hard one allows. */
void limits_raise(int resource, rlim_t more);

/* Memory of this process, in bytes; 0 when it is not known. */
struct limits_memory {
	size_t space; /* address space: what RLIMIT_AS counts */
	size_t data;  /* memory of its own, the stack included: RLIMIT_DATA counts it without the stack */
};

struct limits_memory limits_memory(void);

#endif
