/* screendump.h - a picture of a machine's screen, by QMP's screendump */
#ifndef MACHINE_SCREENDUMP_H
#define MACHINE_SCREENDUMP_H

#include "machine/machine.h"

/**
 * struct screendump - One picture that is being taken
 * @done:	Called once, from the loop, with a PPM, or with NULL and why there is none; not called when the machine
 *		stops first, or after screendump_abandon()
 * @fd, @set:	The file in memory that QEMU writes it to, and its number at QEMU
 */
struct screendump {
	struct machine *machine;
	void (*done)(void *arg, const struct buf *ppm, const char *error);
	void *arg;
	int fd;
	unsigned set;
};

/* Take one; @machine, @done and @arg are set. It lives until @done, screendump_abandon() or the machine's end. */
void screendump_start(struct screendump *s);
void screendump_abandon(struct screendump *s);

#endif
