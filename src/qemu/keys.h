/* keys.h - keys of a keyboard, as QMP's send-key takes them (QKeyCode of qapi/ui.json) */
#ifndef QEMU_KEYS_H
#define QEMU_KEYS_H

#include "base/buf.h"

#define KEYS_MAX      8	 /* pressed together */
#define KEYS_NAME_MAX 32 /* bytes of a key's name; QEMU's longest has 15 */

/**
 * keys_of_char() - The keys that type a character on a US keyboard
 * @out:	A JSON array of them is appended
 *
 * Return: how many, 0 when it has none
 */
int keys_of_char(char c, struct buf *out);

/**
 * keys_of_names() - Keys that are pressed together
 * @names:	"ctrl-alt-delete", "a", "ret"; "-" alone is the key of that. Which names there are, QEMU knows
 * @out:	A JSON array of them is appended
 *
 * Return: how many, 0 when it makes no sense
 */
int keys_of_names(const char *names, struct buf *out);

#endif
