/* machine.h - one virtual machine: QEMU's process, its console and its agent
 *
 * Theory of operation
 *
 * A machine is told where its life begins (struct machine_origin): it boots, or
 * it goes on from a state that was saved. It runs, and it tells its owner how
 * that went; it never chooses an origin, nor does it discard one that turned
 * out to be of no use. That is the business of state/.
 *
 * States; every one but OFF, EXPECTED, UP and GONE has a deadline:
 *
 *	OFF -> EXPECTED		machine_expect(): its owner waits for its origin to be made
 *	OFF, EXPECTED -> BOOTING  machine_start(): QEMU runs, the agent's HELLO is awaited
 *	OFF, EXPECTED -> RESUMING machine_start(): QEMU loads a state, or is thawed; it says when the guest runs
 *	RESUMING -> CONFIGURING	the guest runs
 *	BOOTING -> CONFIGURING	HELLO came: clock, entropy, names and addresses are sent
 *	CONFIGURING -> SETTLING	the agent has done that: the init's own "ready" is awaited
 *	CONFIGURING -> UP	the agent has done that, and the guest was ready when it was saved
 *	SETTLING -> PROVISIONING  the init is ready: .provision runs, for as long as a call may take
 *	SETTLING, PROVISIONING -> UP  what a boot needs is done: requests may be sent
 *	UP -> STOPPING		machine_shutdown(), machine_crash(): QEMU's exit is awaited
 *	STOPPING -> OFF		QEMU has exited as it was asked
 *	UP -> OFF		the guest has powered itself off; @off_why says so
 *	UP, STOPPING -> OFF	the guest has rebooted, as it was asked or may do; @rebooted says so, and the
 *				owner starts it again
 *	any -> GONE		it died, panicked, stalled or lied; @gone says how, @loss whose fault that is
 *
 * From GONE only machine_reset() leads back, which is for an owner that knows of
 * another origin.
 *
 * Calls. All of it happens in one loop. The owner's callbacks @up and @stopped
 * come from the loop, or from within the machine_ function that caused them:
 * machine_start(), machine_crash() and machine_fail() may call @stopped before
 * they return. When @stopped is called the machine holds no process, descriptor
 * or request any more, and no answer of QEMU or the agent will be heard, so the
 * owner may start it again right there. A request's
 * callback may cancel or forget its request, and may make the machine fail:
 * code of this room that has called one looks at nothing of the machine but
 * @ends, which tells whether it is still the same life.
 *
 * A console line that tells of a kernel panic is a guest's text, which anybody
 * in the guest can write. It is a reason to look: a panicked kernel ends QEMU
 * (panic=-1, -no-reboot) or answers no PING.
 */
#ifndef MACHINE_MACHINE_H
#define MACHINE_MACHINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/loop.h"
#include "machine/console.h"
#include "machine/events.h"
#include "machine/login.h"
#include "machine/request.h"
#include "machine/spec.h"
#include "machine/tpm.h"
#include "net/switch.h"
#include "qemu/qmp.h"
#include "wire/link.h"

enum machine_state {
	MACHINE_OFF,
	MACHINE_EXPECTED,
	MACHINE_RESUMING,
	MACHINE_BOOTING,
	MACHINE_CONFIGURING,
	MACHINE_SETTLING,
	MACHINE_PROVISIONING,
	MACHINE_UP,
	MACHINE_STOPPING,
	MACHINE_GONE,
	MACHINE_STATES,
};

/* Why a machine is GONE: whose fault it is decides what is tried next. */
enum machine_loss {
	LOSS_NONE,
	LOSS_GUEST,	   /* the guest panicked, rebooted, failed to come up or broke the protocol: the test's business */
	LOSS_HOST,	   /* QEMU could not be run, was killed, ran into a limit: the infrastructure's */
	LOSS_QEMU,	   /* QEMU died by itself or its agent never spoke: the infrastructure's, perhaps the accelerator's */
	LOSS_STATE,	   /* QEMU says that what it is to resume from is no good */
	LOSS_STATE_UNREAD, /* the state could not be resumed, for a reason that is the host's: it may be good */
};

/* Return: whether the infrastructure failed, not the test. */
bool machine_loss_is_infra(enum machine_loss loss);

/* What a machine is told of its own name and addresses once it runs. */
enum machine_identity {
	IDENTITY_NONE,	/* nothing: it becomes a template */
	IDENTITY_FIRST, /* all of it: it was booted */
	IDENTITY_RENEW, /* all of it, instead of what it has: it is a copy of a template without one */
	IDENTITY_OWN,	/* nothing: it was saved with its own */
};

/**
 * struct machine_origin - Where a life begins
 * @ram:	File that holds the guest's memory; NULL for memory of its own
 * @state:	Saved state to resume from; NULL to boot
 * @kept:	Writes go to @ram, because the machine is going to be saved, instead
 *		of to a private copy
 * @whole:	@state holds the memory, too: @ram is only the place for it
 * @written:	For each disk that the machine writes to: a file with what was written to
 *		it before (disks.h), which is copied, or with @freezer read where it is, under what this life
 *		writes: the file stays, and never changes; NULL: nothing was
 * @frozen:	File to thaw the machine from, by our own QEMU: nothing is loaded, so
 *		@state and @ram are NULL; NULL otherwise
 * @bases:	Files that @frozen is based on, the first ones
 * @changes:	File of the disk that it changes its root on (spec.h), or NULL
 * @again:	It boots from a root that it has changed before: what is done once has been done
 * @stays:	@ram or @frozen is there for as long as anything is based on it, and never changes
 * @freezer:	It can be frozen, and is going to be, see freezing.h
 * @rehearse:	Before it is UP it comes to rest and does what every copy would,
 *		because copies begin where it is saved
 *
 * The texts are owned by the machine from machine_start() on.
 */
struct machine_origin {
	char *ram, *state, *frozen, *changes;
	char *bases[COMMAND_BASES_MAX];
	char *written[COMMAND_DISKS_MAX];
	bool kept, whole, stays, freezer, rehearse, again;
	enum machine_identity identity;
};

/* Free its texts. */
void machine_origin_free(struct machine_origin *o);

struct machine;

/**
 * struct machine_owner - Whom a machine tells
 * @up:		The machine became UP
 * @stopped:	It is OFF or GONE, and holds nothing any more
 * @began:	Told by its life (state/life.h), not by the machine: it is going to be started, or its origin is being made; or NULL
 * @said:	Its console said a line; or NULL. What comes then may not touch the machine
 * @heard:	Its console said something, or QEMU an event; or NULL. The machine may have failed by that
 */
struct machine_owner {
	void (*up)(void *arg, struct machine *m);
	void (*stopped)(void *arg, struct machine *m);
	void (*began)(void *arg, struct machine *m);
	void (*said)(void *arg, const struct machine *m, const char *line);
	void (*heard)(void *arg, struct machine *m);
	void *arg;
};

struct machine {
	const struct spec *world;
	const struct machine_spec *spec;
	size_t index;
	struct loop *loop;
	struct net_switch **switches; /* one per network of the world */
	struct machine_owner owner;

	enum machine_state state;
	enum machine_loss loss;
	struct machine_origin origin;
	char *gone;	     /* why it is GONE; owned */
	char *off_why;	     /* the guest has powered itself off: how; owned */
	char *shutdown_why;  /* QEMU's SHUTDOWN reason ("guest-reset"), or NULL; owned */
	char *refusal;	     /* why QEMU refuses to load the state, or NULL; owned */
	bool steered;	     /* the test has spoken to QEMU itself, and may have told it to end */
	bool used;	     /* it was started at least once */
	bool ever_up;	     /* it was UP at least once */
	bool heard;	     /* the agent has sent a frame since QEMU was started, */
	bool greeted;	     /* and it was HELLO */
	bool paused;	     /* by machine_pause(), or by a call: its processors stand still */
	bool asleep;	     /* suspended to memory, by itself or a call */
	bool asked_to_reboot; /* by machine_reboot() */
	bool rebooted;	     /* it is OFF for that reason, or because it may reboot by itself */
	char qemu_version[32];

	pid_t pid;
	struct watch exit; /* of QEMU's pidfd; -1 without a process */
	struct watch freezer; /* freezing.h's; -1 without one */
	struct tpm tpm;
	unsigned ends;	   /* how often all that it has was released */
	struct timer deadline, look; /* of the state; to see whether a panic was one */
	struct qmp qmp;
	struct link agent;
	struct console console, errors; /* the guest's serial console; QEMU's stderr */
	int ports[COMMAND_NICS_MAX];
	struct login login; /* while a machine boots from its own disk */
	int written[COMMAND_DISKS_MAX]; /* disks.h's; -1 */
	int variables;			/* of its UEFI, likewise */
	struct requests requests;
	struct events events; /* of QEMU, in this life */
	uint64_t told; /* when it was last told the time, CLOCK_MONOTONIC */
	int clock_rounds, rehearsals;
	uint32_t ready;	 /* number of the request that waits for it to have booted */
	bool unready;	 /* that was in vain, and the agent is asked what it saw */
};

void machine_init(struct machine *m, const struct spec *w, size_t index, struct loop *l,
		  struct net_switch **switches, const struct machine_owner *owner);
/* Kill what runs and free everything; silent. */
void machine_free(struct machine *m);

/* From OFF: its owner is having its origin made and will call machine_start(), machine_fail() or machine_reset(). */
void machine_expect(struct machine *m);
/* Run it, from OFF or EXPECTED; takes @o over. What goes wrong is told through @stopped, with the machine GONE. */
void machine_start(struct machine *m, struct machine_origin o);
/* Return: whether it goes on from what was saved, instead of booting. */
static inline bool machine_is_copy(const struct machine *m)
{
	return m->origin.state || m->origin.frozen;
}

/* OFF again, whatever it was: what runs is killed, nobody is told. What the consoles said stays. */
void machine_reset(struct machine *m);
/* Stop the processors of an UP machine; or let them go on, and tell the guest what time it is. No other machine is touched. */
void machine_pause(struct machine *m);
void machine_resume(struct machine *m);
/* Power off through the guest's init, from UP only; a guest that does not end by @deadline is killed and GONE. */
void machine_shutdown(struct machine *m, uint64_t deadline);
/* The same, but it is to come back: OFF and @rebooted, for its owner to start it, once it has gone down. */
void machine_reboot(struct machine *m, uint64_t deadline);
/* Cut the power; OFF once QEMU has exited. */
void machine_crash(struct machine *m);
/* The machine is GONE: release what it has, tell the owner. @why is owned by the machine from now on. */
void machine_fail(struct machine *m, enum machine_loss loss, char *why);
/* For saving.c: QEMU does not take the state that it was to resume from. */
void machine_state_refused(struct machine *m, const char *error);
/* The agent broke the protocol: the machine is GONE, by name. */
void machine_refuse(struct machine *m, const char *what);

/**
 * machine_request() - Begin a request to the agent of a machine
 * @answer:	As of request.h. When the machine stops first it is not called at
 *		all: @stopped tells
 * @id:		Set to the request's number
 *
 * Return: the mark of its frame in machine_out(): put its fields there, and end
 * it with machine_send()
 */
size_t machine_request(struct machine *m, enum wire_type type, request_frame_fn *answer, void *arg, uint32_t *id);

/* Where frames for the agent go. */
static inline struct buf *machine_out(struct machine *m)
{
	return &m->agent.stream.out;
}

/* End the frame of machine_request(), and send it. */
void machine_send(struct machine *m, size_t mark);

/* Ask the agent to end a request; its last frame still comes, in @last_words ms. */
void machine_cancel(struct machine *m, uint32_t id, uint32_t last_words);
/* Hear no more of a request, whatever the agent still sends. */
void machine_forget(struct machine *m, uint32_t id);

/* Return: the text of a FAIL, cleaned and never empty; the caller frees it. */
char *machine_failure(const struct frame *f);

/* For the handshake: the machine is UP. */
void machine_be_up(struct machine *m);

const char *machine_state_name(enum machine_state s);

#endif
