/* player.h - the process that plays a test's script: started, heard and ended */
#ifndef WORLD_PLAYER_H
#define WORLD_PLAYER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/loop.h"
#include "wire/link.h"

/**
 * struct player - It
 * @loop:	The world's
 * @link:	Its socket; @link.stream.out_max is the world's to set
 * @patience:	ns from the end of its socket, which mostly means that it is ending, to its SIGKILL
 * @heard:	It has sent a frame
 * @failed:	It cannot be believed any more, and was killed: @message says why
 * @ended:	Called once: it has ended, with a status of waitpid(2), and all that it sent was heard
 * @finished:	The world's word: the script has said that it came to its end
 * @killed:	We did it, and have said why
 */
struct player {
	struct loop *loop;
	struct link link;
	uint64_t patience;
	void (*heard)(void *arg, const struct frame *f);
	void (*failed)(void *arg, const char *message);
	void (*ended)(void *arg, int status);
	void *arg;
	bool finished, killed;

	pid_t pid;
	struct watch exit; /* of its pidfd; -1 without a process */
	struct timer hang_up;
};

/* Fill in what is the player's own; the upper half of @p is set. */
void player_init(struct player *p);

/**
 * player_start() - Run @script in a process of its own
 *
 * It has one end of a socket and the three standard streams, and is the leader of
 * its process group. SIGALRM is blocked in it, until its handler is there.
 *
 * Return: 0, or -1
 */
int player_start(struct player *p, void (*script)(void *arg, int fd), void *arg, struct err *err);

/* Interrupt a script that computes. */
void player_interrupt(struct player *p);

/* With the processes that it may have forked. */
void player_kill(struct player *p);

/* The process is not what it should be any more, as it @why ("sent ..."): nothing that it says can be believed. */
void player_distrust(struct player *p, const char *why);

/* Its socket's end is not waited for any more. */
void player_settle(struct player *p);

/* End it, if it is there; nothing is called any more. Its socket is closed by player_free(). */
void player_end(struct player *p);
void player_free(struct player *p);

#endif
