/* log.h - what vmtap says on stderr */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

/* Say nothing but errors (0), progress of long work (1), consoles and commands (2), what QEMU does (3). */
extern int log_level;

/**
 * log_line() - One line on stderr: "# vmtap: TEXT"
 *
 * The "# " keeps the line harmless where a harness folds stderr into the TAP
 * stream. A text of several lines gets the prefix on each.
 *
 * What a guest, a file or QEMU said may be in the text as it came: control
 * bytes and escape sequences are taken out here (text_clean()), and under a CI
 * service that reads commands in the output, those are broken.
 */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* log_line() from level 2 on, and from level 3 on. */
void log_verbose(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
