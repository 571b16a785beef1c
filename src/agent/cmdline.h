/* cmdline.h - the kernel's command line (pure) */
#ifndef AGENT_CMDLINE_H
#define AGENT_CMDLINE_H

/**
 * cmdline_get() - Find "KEY=value"
 * @cmdline:	Text of /proc/cmdline
 * @key:	Without "="
 *
 * As in the kernel the last one wins, words are separated by white space, and
 * double quotes keep white space together. What follows " -- " is for the init.
 *
 * Return: the value without quotes, which the caller frees, or NULL
 */
char *cmdline_get(const char *cmdline, const char *key);

#endif
