/* front.h - our agent in front of an initramfs that is not ours: an entry of the store
 *
 *	front/KEY	initrd
 *
 * The kernel takes several archives behind one another as one. The last one has the
 * agent, which the kernel runs in the place of the initramfs's init (rdinit=), and which
 * leaves that place to it at once (agent/front.c).
 */
#ifndef IMAGE_FRONT_H
#define IMAGE_FRONT_H

#include <stddef.h>

#include "base/err.h"

/**
 * front_prepare() - Make or find it
 * @user:	The initramfs: cpio archives, compressed or not
 * @agent:	The agent's ELF image, deflated by gzip(1), @agent_len bytes
 * @path:	Set to its path, which the caller frees
 *
 * Return: 0, or -1: @user is no initramfs, or cannot be read
 */
int front_prepare(const char *store, const char *user, const void *agent, size_t agent_len, char **path, struct err *err);

#endif
