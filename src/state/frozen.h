/* frozen.h - templates as frozen machines: files that a copy is mapped from
 *
 * Theory of operation
 *
 * Where QEMU is ours and emulates (qemu/freezer.h), a copy of a template need
 * not be a QEMU that is started, loads a state and translates the guest's code
 * again: a copy is begun once, made to do what every copy does first, and
 * written to a file with all of its memory, translations and devices
 * (vendor/qemu/frozen.h). Each copy maps that file.
 *
 * An entry of the store for each template that has been copied. It belongs to
 * the template's key and to what the file depends on besides: the paths of the
 * disks, which QEMU opens again; its sandbox; the kernel's release; and the
 * processor's features, as the translator and the C library chose code by them.
 * QEMU refuses by itself what it cannot thaw.
 *
 * The file has of the guest's memory only what has changed since the template was
 * saved: it is mapped from two files, that one and the template's. What a setup or
 * save() leaves of a thawed machine has only what has changed since, and is mapped
 * from three (bases.h). There are never more: what is frozen of a machine that went
 * on from the third again has all that differs from the first two. A chain without
 * an end would be smaller, and be slower to map with each link; and one link that
 * is damaged would take all that follow with it.
 *
 * What a machine writes to a disk is part of its file, too, where that is in a file without a name (an overlay, O_TMPFILE, what
 * `snapshot=on` makes): each copy gets such a file of its own. So it is with what machines write to their disks (machine/disks.h).
 * A disk of `.qemu` that has a name, and is written to, is one for all copies, and QEMU's locks see to it that they do not use it
 * together.
 *
 * Making one takes longer than a test on a copy of the template. So a test
 * takes the copy, tells the runner that nothing is frozen, and the runner has
 * that done beside the tests (cmd/freeze.h); only a setup waits, because of what
 * it leaves only a thawed machine can be frozen.
 *
 * A machine that QEMU refuses to freeze (a display with threads of its own, by
 * `.qemu`) has an entry that says so, and is copied from its template as ever.
 * Nor is one frozen whose root is on a disk of its own (`.keep`, `.root_size`), or that has a TPM.
 * One with `.display` is frozen like any: nobody shows its screen (-display
 * none), so it has no thread.
 */
#ifndef STATE_FROZEN_H
#define STATE_FROZEN_H

#include "base/sha256.h"
#include "state/making.h"

#define FROZEN_KIND "frozen" /* of the store's entries */

enum frozen {
	FROZEN_ABSENT,
	FROZEN_REFUSED, /* there never will be one */
	FROZEN_THERE,
};

/* Return: whether machine @index of a world is to be thawed rather than resumed. */
bool frozen_wanted(const struct spec *w, size_t index);

/* Feed what of this host, and of this cache, any frozen machine depends on. */
void frozen_add_host(const struct spec *w, struct sha256 *key);

/* Find that of a template; @template: its key. @from: the file and its bases are set, which the caller frees, when it is THERE. */
enum frozen frozen_find(const struct spec *w, size_t index, const char *template, struct machine_origin *from);

/**
 * frozen_make() - Make that of a template, or wait until another process has
 * @base:	The template's folder
 * Return: 0, also when it is REFUSED; or -1, which is no reason not to resume
 */
int frozen_make(const struct spec *w, size_t index, const char *template, const char *base, struct err *err);

/* Throw one away that QEMU does not thaw. */
void frozen_discard(const struct spec *w, size_t index, const char *template);

#endif
