/* door.h - a socket by which people come to the machines of a world, as a file that goes when the world does
 *
 * Theory of operation
 *
 * A door is a Unix socket of mode 0600 in a folder of mode 0700: $XDG_RUNTIME_DIR/vmtap, or /tmp/vmtap-UID.kept where
 * there is no such variable, as in most CI jobs. Its name is the least number that is free there: people type it.
 * Whoever knocks is asked the kernel for (SO_PEERCRED) and must be the same user, or root.
 *
 * A file stays when the process that has made it is killed. So each door has a janitor, a process in a session of its
 * own that has nothing but one end of a pipe whose other end the world has. When that closes, it removes the socket,
 * and the folder if that is empty. Should both be killed, the next who opens a door or looks for one removes what
 * nobody listens at.
 *
 * All that change the folder hold a lock on it meanwhile, and a janitor looks at the inode: a socket of its name may
 * be another's by then.
 *
 * Rejected: a socket of the abstract name space, which needs no janitor, but which every user on the host, and every
 * container that shares its network, may connect to and can list.
 */
#ifndef WORLD_DOOR_H
#define WORLD_DOOR_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

#define DOOR_NUMBERS 99 /* of one user: at the same time in one folder */

/**
 * struct door - An open one, or `{.fd = -1}`
 * @fd:		Listens; non-blocking
 * @path:	Of the socket; owned
 * @rope:	Closed, it tells the janitor; it is not inherited by what is executed
 */
struct door {
	int fd;
	char *path;
	dev_t device;
	ino_t inode;
	int rope;
	pid_t janitor;
};

/* Open one. Return: 0, or -1. */
int door_open(struct door *d, struct err *err);

/* Close it, and remove its file. Harmless when it is not open. */
void door_close(struct door *d);

/* Take in who has knocked. Return: a connection, which the caller closes; -1 with errno, EPERM for a stranger. */
int door_accept(const struct door *d);

/*
 * Append the paths of all doors in door_folder(), and without an $XDG_RUNTIME_DIR also of those in the usual one of this
 * user: a line each, in the order of their numbers. What is left of dead ones is removed.
 */
void door_list(struct buf *out);

/* Return: the folder where a door would be, which the caller frees. */
char *door_folder(void);

/* Knock at one. Return: a connection, which the caller closes, or -1. */
int door_knock(const char *path, struct err *err);

#endif
