/* template.h - booted machines, saved once and copied for every test
 *
 * Theory of operation
 *
 * A guest that has booted is a file of memory and some hundred KB of device
 * state. QEMU can be started on a private, copy-on-write mapping of that file
 * and told to go on from that state, in the time that a process takes to
 * start; pages that no copy writes are shared by all of them.
 *
 * The template of a machine is made the first time that any test needs it, by
 * a child process of that test's world: it boots the machine in a loop of its
 * own, with its memory in a file (share=on), no network identity and no name,
 * lets QEMU write the device state with "x-ignore-shared" (which leaves the
 * memory where it is), and publishes both as an entry of the store. The
 * store's lock makes sure that it happens once, however many worlds and
 * runners want it; a failure is not kept.
 *
 * The template has no identity, so that all machines of a shape share it. Of a
 * small world each machine is kept a second time, with its name and addresses,
 * after it has come to rest and rehearsed: what a copy need not do after it is
 * resumed is most of what it would do. A test does not wait for that: it takes a
 * copy of the first one, and the runner has templates finished beside the tests
 * (cmd/freeze.h).
 *
 * The key covers all that shapes the machine, because QEMU checks none of it:
 * a state resumed under another CPU model or accelerator "works" until it does
 * not. It is the sum of QEMU's binary, the whole command line without the
 * identity, the contents of the files that it names, those of `.qemu` too
 * (template_key.c), and under KVM the host's CPU.
 *
 * Where a copy's time goes under TCG: QEMU's own start, and then translation,
 * as every process translates the guest's code anew. `-d in_asm` shows which
 * code: what counts is how little a guest does after it was resumed. Hence,
 * before a save, the wait for quiet, the rehearsal, and a shell that is loaded
 * and waits for its command (machine/handshake.c, agent/spare.h); hence no
 * announcements, and the kernel's options in qemu/command.c. tests/bench/README
 * keeps what was measured, and what was tried without a gain.
 *
 * Our own QEMU spares a copy all of that: frozen.h.
 *
 * Not done: keeping QEMU processes paused and forking them (that serves one run,
 * and needs a process that stays), and savevm (it copies all memory, twice).
 */
#ifndef STATE_TEMPLATE_H
#define STATE_TEMPLATE_H

#include "base/loop.h"
#include "base/sha256.h"
#include "state/frozen.h"
#include "state/making.h"

#define TEMPLATE_KIND	"template" /* of the store's entries: without an identity, */
#define TEMPLATE_NAMED	"machine"  /* and with it */

/* Feed all that shapes machine @index. Return: 0, or -1 when a file that shapes it cannot be read. */
int template_add_key(const struct spec *w, size_t index, struct sha256 *key, struct err *err);

#define TEMPLATE_NAMED_MAX 8 /* machines of a world that are kept with their identity: each takes disk */

/* Return: the folder of a finished template, leased, which the caller frees, or NULL. @generic: it has no identity. */
char *template_find(const struct spec *w, size_t index, bool *generic);

/* Find what is frozen of a machine, whose template is there; as frozen_find(). */
enum frozen template_frozen(const struct spec *w, size_t index, struct machine_origin *from);

/* Throw that away: QEMU does not thaw it. */
void template_discard_frozen(const struct spec *w, size_t index);

/* Throw a template away that QEMU cannot load. While other processes use it, it stays: they meet the same failure. */
void template_discard(const struct spec *w, size_t index);

/* Return: whether template_find() has no better one to wait for; @generic: as it said. */
bool template_is_finished(const struct spec *w, bool generic);

/* Make what is missing of a template that is there: with an identity, and frozen, if those are wanted. Takes seconds. */
void template_finish(const struct spec *w, size_t index);

struct template_task;

/**
 * template_make() - Make a template in a child process, and freeze it if that is wanted at once; or wait until another process has
 * @done:	Called once, from the loop, with the result (valid until it returns);
 *		@made: template_find() gets it
 *
 * Return: the child, to be given to template_cancel() unless @done was called, or NULL
 */
struct template_task *template_make(const struct spec *w, size_t index, struct loop *l,
				    void (*done)(void *arg, struct making_result *r), void *arg, struct err *err);

/* Kill the child, remove what it was making, and free it without a call of @done; NULL is allowed. */
void template_cancel(struct template_task *t);

#endif
