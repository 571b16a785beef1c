/* lacks.h - what of a test's .needs this host has not */
#ifndef CMD_LACKS_H
#define CMD_LACKS_H

#include "qemu/accel.h"
#include "report/point.h"

/**
 * struct lacks_host - What a run knows of its host
 * @accel:	What machines run on; NULL: KVM was demanded, and what that came to is told otherwise
 * @memory:	MiB that were free when the run began; 0: unknown
 */
struct lacks_host {
	const struct accel *accel;
	long memory;
};

/**
 * lacks_find() - Look for what a test cannot do without
 * @needs:	The list (script/needs.h), or NULL
 * @result:	Made a skip whose reason says what is absent, with its names as the field "needs"
 *
 * Nothing is sent anywhere: "internet" is a route to it.
 *
 * Return: whether anything is absent; otherwise @result is not touched
 */
bool lacks_find(const char *needs, const struct lacks_host *host, struct point *result);

#endif
