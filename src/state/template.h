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
 * small world each machine is kept a second time, with its name and addresses:
 * what a copy need not do after it is resumed is most of what it would do.
 *
 * The key covers all that shapes the machine, because QEMU checks none of it:
 * a state resumed under another CPU model or accelerator "works" until it does
 * not. It is the sum of QEMU's binary, the whole command line without the
 * identity, the contents of the files that it names, those of `.qemu` too
 * (template_key.c), and under KVM the host's CPU.
 *
 * Where a copy's time goes under TCG: QEMU's own start, 30 ms whatever the
 * machine, and then translation, as every process translates the guest's code
 * anew, some 10 us a block. `-d in_asm` shows which: so what counts is how little
 * a guest does after it was resumed. Hence, before a save, the wait for quiet,
 * the rehearsal, and a shell that is loaded and waits for its command
 * (handshake.c, agent/spare.h); hence no announcements, and the kernel's options
 * in command.c. The shell bought most: with it and the answer that goes out before
 * anything is cleared away, a kit guest's 16,500 blocks became 9,100, a Debian
 * guest's 21,400 12,200; with our own kernel they are 6,200 and 8,400.
 *
 * Tried without a gain: the memory in tmpfs, no huge pages, fewer devices (1 ms
 * of QEMU's start), one thread in QEMU, all of it on one processor, other settings
 * of its malloc. A QEMU that is started ahead would save its 30 ms only while a
 * processor has nothing to do.
 *
 * Not done: keeping QEMU processes paused and forking them (QEMU's threads do
 * not survive fork()), and savevm (it copies all memory, twice).
 */
#ifndef STATE_TEMPLATE_H
#define STATE_TEMPLATE_H

#include "base/loop.h"
#include "base/sha256.h"
#include "machine/spec.h"

#define TEMPLATE_KIND	"template" /* of the store's entries: without an identity, */
#define TEMPLATE_NAMED	"machine"  /* and with it; their files: */
#define TEMPLATE_RAM   "ram"
#define TEMPLATE_STATE "state"

/* The memory stays in its file; the state is read from a descriptor that QEMU inherits. */
#define TEMPLATE_CAPABILITIES \
	"{\"capabilities\":[{\"capability\":\"x-ignore-shared\",\"state\":true}," \
	"{\"capability\":\"events\",\"state\":true}]}"
/* A copy is where the switch expects it: it need not tell the network that it has moved. */
#define TEMPLATE_PARAMETERS   "{\"announce-rounds\":0}"
#define TEMPLATE_URI	      "{\"uri\":\"fd:14\"}"
/* For a QEMU that no longer takes a file as "fd:" (saving.c). */
#define TEMPLATE_URI_FILE     "{\"uri\":\"file:/proc/self/fd/14\"}"

/* Feed all that shapes machine @index. Return: 0, or -1 when a file that shapes it cannot be read. */
int template_add_key(const struct world_spec *w, size_t index, struct sha256 *key, struct err *err);

#define TEMPLATE_NAMED_MAX 8 /* machines of a world that are kept with their identity: each takes disk */

/* Return: the folder of a finished template, leased, which the caller frees, or NULL. @generic: it has no identity. */
char *template_find(const struct world_spec *w, size_t index, bool *generic);

/* Throw a template away that QEMU cannot load, unless others use it, who will see for themselves. */
void template_discard(const struct world_spec *w, size_t index);

/**
 * struct forge_result - What became of a template in the making
 * @made:	It is there: template_find() gets it
 * @lost:	The machine did not come up: a boot would not help
 * @infra:	@lost, and the infrastructure is to blame
 * @reason:	Why there is no template
 * @console:	What the guest said
 */
struct forge_result {
	bool made, lost, infra;
	char *reason, *console;
};

struct forge;

/**
 * template_forge() - Make a template in a child process, or wait until another has
 * @done:	Called once, from the loop, with the result (valid until it returns)
 *
 * Return: the child, to be given to template_abandon(), or NULL
 */
struct forge *template_forge(const struct world_spec *w, size_t index, struct loop *l,
			     void (*done)(void *arg, struct forge_result *r), void *arg, struct err *err);

/* Kill the child, remove what it was making, and free it without a call of @done; NULL is allowed. */
void template_abandon(struct forge *f);

#endif
