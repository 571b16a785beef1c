/* pidfd.h - a descriptor that tells the end of a child, also where the kernel has no pidfds */
#ifndef BASE_PIDFD_H
#define BASE_PIDFD_H

#include <sys/types.h>

/**
 * pidfd_open_child() - Get a descriptor that can be read once a child has ended
 * @pid:	A child of this process that was not waited for yet
 *
 * A pidfd (Linux 5.3); where the kernel has none, or a container refuses it, what pidfd_stand_in() makes. It is there
 * to be watched and closed; nothing is read from it, and the child is waited for by its number.
 *
 * Return: the descriptor, close-on-exec, which the caller closes; -1 with errno
 */
int pidfd_open_child(pid_t pid);

/* The same for any kernel; costs a second descriptor until the child has ended, and a handler of SIGCHLD. */
int pidfd_stand_in(pid_t pid);

#endif
