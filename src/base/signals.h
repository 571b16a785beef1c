/* signals.h - the set of one signal, for sigprocmask(2) and signalfd(2) */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include <signal.h>

static inline sigset_t signals_only(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	return set;
}

#endif
