/* ready.h - what a script's .ready means to an agent */
#ifndef WIRE_READY_H
#define WIRE_READY_H

#include <stdint.h>

#include "wire/agent.h"

/**
 * struct ready - A wait that ends when a machine has booted
 * @what:	WIRE_WAIT_UNIT, _FILE, _PORT or _SUCCEEDS; WIRE_WAIT_READY, the init's
 *		own "done", when nothing was said
 * @subject:	Of the wait; within the text that was given
 * @port:	Of a WIRE_WAIT_PORT
 */
struct ready {
	enum wire_wait what;
	const char *subject;
	uint32_t port;
};

/**
 * ready_read() - Tell from its form what is meant
 * @text:	"80" is a port, "/run/x" a file, "nginx.service" a unit, anything else a
 *		command; NULL: nothing was said
 *
 * A path with blanks is a command, and so is a unit's name with a '/' or blanks.
 */
struct ready ready_read(const char *text);

#endif
