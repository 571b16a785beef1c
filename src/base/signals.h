/* signals.h - the set of one signal, for sigprocmask(2) and signalfd(2); all of them as a new program expects them */
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

/* None is ignored, none is caught and none is blocked: what an exec(2) hands on says nothing else. */
static inline void signals_reset(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

#endif
