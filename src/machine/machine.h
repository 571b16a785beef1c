/* machine.h - one virtual machine: QEMU's process, its console and its agent
 *
 * State machine; every state but OFF, UP and GONE has a deadline:
 *
 *	OFF -> FORGING		machine_start(): a child process makes the template (template.h)
 *	OFF, FORGING -> BOOTING	QEMU runs, the agent's HELLO is awaited
 *	OFF, FORGING -> RESUMING QEMU loads a template; it says when the guest runs
 *	RESUMING -> CONFIGURING	it runs
 *	BOOTING -> CONFIGURING	HELLO came: clock, entropy, names and addresses are sent
 *	CONFIGURING -> SETTLING	done: the init's own "ready" is awaited
 *	CONFIGURING -> UP	done, and it was ready when it was saved
 *	SETTLING -> UP		requests may be sent
 *	UP -> STOPPING		machine_shutdown(): QEMU's exit is awaited
 *	STOPPING -> OFF		as asked; machine_start() may boot it afresh
 *	any -> GONE		it died, panicked, stalled or lied; @gone says how
 */
#ifndef MACHINE_MACHINE_H
#define MACHINE_MACHINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/loop.h"
#include "net/switch.h"
#include "qemu/qmp.h"
#include "machine/console.h"
#include "wire/link.h"
#include "machine/spec.h"

enum machine_state {
	MACHINE_OFF,
	MACHINE_FORGING,
	MACHINE_RESUMING,
	MACHINE_BOOTING,
	MACHINE_CONFIGURING,
	MACHINE_SETTLING,
	MACHINE_UP,
	MACHINE_STOPPING,
	MACHINE_GONE,
};

struct machine;

/* One frame of a request's answer; DONE, FAIL and EXIT are the last. */
typedef void request_frame_fn(void *arg, const struct frame *f);

/**
 * struct machine_memory - Where a machine's memory is and where its life begins
 * @ram:	File that holds it; NULL for memory of its own and a boot
 * @shared:	Writes go to that file (a template in the making), not to a private copy
 * @state:	Saved state to resume from; NULL to boot
 *
 * The texts are owned by the machine.
 */
struct machine_memory {
	char *ram, *state;
	bool shared;
};

/**
 * struct machine_owner - Whom a machine tells; all calls come from the loop or
 * from within the machine_ function that caused them
 * @up:		The machine became UP
 * @stopped:	It is OFF as asked, or GONE
 */
struct machine_owner {
	void (*up)(void *arg, struct machine *m);
	void (*stopped)(void *arg, struct machine *m);
	void *arg;
};

struct machine {
	const struct world_spec *world;
	const struct machine_spec *spec;
	size_t index;
	struct loop *loop;
	struct net_switch **switches; /* one per network of the world */
	const struct machine_owner *owner;

	enum machine_state state;
	struct machine_memory memory;
	struct forge *forge; /* the child process that makes the template, or NULL */
	struct saving *saving; /* a checkpoint under way, or NULL */
	struct checkpoint *checkpoints;
	char *no_template;   /* why a template could not be made or loaded, so that it boots, or NULL; owned */
	char *gone;	     /* why it is GONE; owned */
	char *shutdown_why;  /* QEMU's SHUTDOWN reason ("guest-reset"), or NULL; owned */
	bool copied;	     /* it was resumed from a template: its identity is to be its own */
	bool forging;	     /* it becomes a template: no identity, no test */
	bool layer_used;     /* it was resumed as setup left it; from now on it boots */
	bool layer_failed;   /* GONE, because what setup left cannot be resumed */
	bool used;	     /* it was started at least once in this test */
	bool ever_up;	     /* it was UP in this test */
	bool infra;	     /* GONE, and the infrastructure is to blame */
	char qemu_version[32];

	pid_t pid;
	int pidfd;
	struct watch exit_watch;
	struct timer deadline;
	struct qmp qmp;
	struct link agent;
	struct console console, errors; /* the guest's serial console; QEMU's stderr */
	int ports[COMMAND_NICS_MAX];
	struct request *requests;
	uint64_t told; /* when it was last told the time, CLOCK_MONOTONIC */
	int clock_rounds;
	uint32_t next_id;
};

void machine_init(struct machine *m, const struct world_spec *w, size_t index, struct loop *l,
		  struct net_switch **switches, const struct machine_owner *owner);
/* Kill what runs and free everything; silent. */
void machine_free(struct machine *m);

/* Boot, from OFF only. What goes wrong is told through @stopped, with the machine GONE. */
void machine_start(struct machine *m);
/* Start a machine whose @memory the caller has set; otherwise as machine_start(). */
void machine_boot(struct machine *m);
/* Power off through the guest's init, from UP only; a guest that does not end by @deadline is killed and GONE. */
void machine_shutdown(struct machine *m, uint64_t deadline);
/* Cut the power; OFF once QEMU has exited. */
void machine_crash(struct machine *m);

/**
 * machine_request() - Start a request to the agent of an UP machine
 * @answer:	Called for each frame of the answer; when the machine goes away
 *		first it is not called at all (@stopped tells)
 *
 * Return: the request's id. Put the frame into @m->agent.out with that id and
 * call link_flush(&m->agent).
 */
uint32_t machine_request(struct machine *m, request_frame_fn *answer, void *arg);
/* Ask the agent to end a request; its last frame still comes. */
void machine_cancel(struct machine *m, uint32_t id);
/* Hear no more of a request, whatever the agent still sends. */
void machine_forget(struct machine *m, uint32_t id);

/*
 * Take memory that is a copy of its own, in file @ram (owned by the machine from now on), of what is saved in
 * folder @dir, to be resumed by machine_boot() and saved again. Return: 0, or -1.
 */
int machine_take_copy(struct machine *m, const char *dir, char *ram, struct err *err);

/* Go back to a saved state: QEMU is started afresh on it. The machine is UP, or GONE, from the loop. */
void machine_resume(struct machine *m, const char *state);

/* The machine is GONE: release what it has, tell the owner. @why is owned by the machine from now on. */
void machine_fail(struct machine *m, bool infra, char *why);

/* For the handshake: the machine is UP. */
void machine_be_up(struct machine *m);

/* The agent broke the protocol: the machine is GONE, by name. */
void machine_refuse(struct machine *m, const char *what);

const char *machine_state_name(enum machine_state s);

#endif
