/* operands.h - the scripts of a command line: files, folders, and lines of files */
#ifndef CMD_OPERANDS_H
#define CMD_OPERANDS_H

#include <stddef.h>

#include "base/err.h"

/**
 * struct operand - A script that was named
 * @path:	As the user wrote it, or the folder that was named and the file in it
 * @lines:	Of "FILE:LINE": only the tests at these lines are meant; from 1, @nlines of them, or none for all tests
 */
struct operand {
	char *path;
	int *lines;
	size_t nlines;
};

struct operands {
	struct operand *list;
	size_t count;
};

/**
 * operands_read() - Find out what scripts are meant
 * @words:	NULL-terminated: files, "FILE:LINE", and folders, which stand for the *.c in them, in the order of their
 *		names; those in folders below are not meant, because that is where files for use() live
 *
 * "FILE:LINE" several times with the same file is one script with several lines. A file that does not exist is
 * taken as it is: to compile it says why.
 *
 * Return: 0, or -1 when no script is named, or a folder cannot be read or has none
 */
int operands_read(struct operands *o, char *const *words, struct err *err);

#endif
