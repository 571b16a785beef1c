/* piped.h - an image that comes through standard input */
#ifndef CMD_PIPED_H
#define CMD_PIPED_H

#include <stdbool.h>

#include "base/err.h"

#define PIPED_IMAGE "-" /* what a script or a command line calls it */

/* Return: whether that is meant. */
bool piped_is_meant(const char *image);

/**
 * piped_image() - Take all of standard input, once
 * @store:	The cache folder, which has room for images
 *
 * Blocks until its end. It is kept in a file without a name, of this process and
 * of those that it forks: an image is read twice, for its key and for the root.
 * Standard input is then the terminal, if there is one, else empty; asked again,
 * this returns the same image.
 *
 * Return: its path, which is never freed, or NULL: it is a terminal, or empty;
 * there is no room
 */
const char *piped_image(const char *store, struct err *err);

/* Have messages say that it is standard input, where they have that path. */
void piped_name(struct err *err);

#endif
