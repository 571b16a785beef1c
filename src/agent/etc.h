/* etc.h - a file of the guest's configuration, written without making it another one */
#ifndef AGENT_ETC_H
#define AGENT_ETC_H

#include <stddef.h>

#include "base/err.h"

/**
 * etc_write() - Write a text file such as /etc/hosts
 *
 * A symbolic link stays one; a file that is there keeps its mode and owner, a new
 * one gets 0644. The folder must be there. On a file system that is only read,
 * another file is mounted on one that is there.
 *
 * Return: 0, or -1
 */
int etc_write(const char *path, const char *text, size_t n, struct err *err);

#endif
