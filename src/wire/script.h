/* script.h - every message between a script's process and its world, with its fields
 *
 * Over a socketpair. The script is trusted code, but it may crash in the
 * middle of a write. OUTPUT (agent.h) is passed on to the script as it comes
 * from the agent, with the id of the script's call instead of the request's.
 */
#ifndef WIRE_SCRIPT_H
#define WIRE_SCRIPT_H

#include "wire/agent.h"

/* Bytes of one stream of a call that a script is given; a file that the agent sends is one. */
#define WIRE_CALL_OUTPUT_MAX WIRE_FILE_MAX

enum wire_script_type {
	/* script->world: u32 machine, u8 enum wire_call,
	 * u64 deadline (CLOCK_MONOTONIC ns; UINT64_MAX for the default of the call),
	 * str first argument, bytes second argument, u32 number,
	 * str the call as the script says it, str "file:line". Answered by OUTPUT..., then RESULT, once. */
	WIRE_CALL = 32,
	/* world->script: u8 enum wire_outcome, u32 status, u32 signal, u64 wall ns,
	 * str reason (WIRE_FAILED and worse: for the user). What a DONE brings comes ahead of it as OUTPUT. */
	WIRE_RESULT = 33,
	/* script->world: a point of the test failed or something is to be told:
	 * u8 enum wire_event, str "file:line", str message, u32 number of pairs, then str key, str value.
	 * Not answered. */
	WIRE_EVENT = 34,
	/* script->world, last thing: the test function came to its end or skipped. Not answered. */
	WIRE_FINISHED = 35,
	/* script->world: a person does not want to wait for the call under way, if there still is one: it is answered
	 * with WIRE_OVERTIME as soon as its machine allows. No fields; not answered itself. */
	WIRE_INTERRUPT = 36,
};

/* What WIRE_CALL asks for: first argument, second argument, number. */
enum wire_call {
	WIRE_CALL_START = 1,	   /* boot and wait until ready */
	WIRE_CALL_EXEC = 2,	   /* command */
	WIRE_CALL_WAIT = 3,	   /* subject, second subject, port << 8 | enum wire_wait */
	WIRE_CALL_READ_FILE = 4,   /* path */
	WIRE_CALL_WRITE_FILE = 5,  /* path, content, mode */
	WIRE_CALL_SHUTDOWN = 6,	   /* orderly; ends when QEMU has exited */
	WIRE_CALL_CRASH = 7,	   /* power cut */
	WIRE_CALL_START_ALL = 8,   /* machine is ignored: all side by side */
	WIRE_CALL_IS_UP = 9,	   /* answered at once: RESULT's status is 1 or 0 */
	WIRE_CALL_SAVE = 10,	   /* name of a checkpoint */
	WIRE_CALL_RESTORE = 11,	   /* name of a checkpoint */
	WIRE_CALL_SHELL = 12,	   /* TERM, -, columns << 16 | rows: a SHELL (agent.h), whose INPUT, RESIZE and TAKEN
				    * the script sends with the id of this call, and gets its OUTPUT and TAKEN likewise */
	WIRE_CALL_SPAWN = 13,	     /* command: RESULT's status is the job's number, which the calls below have as theirs */
	WIRE_CALL_JOB_WAIT = 14,     /* until it has ended: answered as EXEC is, with all that it wrote */
	WIRE_CALL_JOB_RUNNING = 15,  /* RESULT's status is 1 or 0 */
	WIRE_CALL_JOB_OUTPUT = 16,   /* the standard output that has come up to now */
	WIRE_CALL_JOB_SIGNAL = 17,   /* the signal's number as text */
	WIRE_CALL_JOB_WRITE = 18,    /* -, bytes for its standard input: answered when it has taken them */
	WIRE_CALL_JOB_CLOSE = 19,    /* no more input follows */
	WIRE_CALL_COPY_IN = 20,	     /* path of the host, path in the guest */
	WIRE_CALL_COPY_OUT = 21,     /* path in the guest, path of the host */
	WIRE_CALL_AWAIT_OFF = 22,    /* until the machine is off, by whatever it does itself */
	WIRE_CALL_PAUSE = 23,	     /* its processors stand still */
	WIRE_CALL_RESUME = 24,
	WIRE_CALL_LINK = 25,	     /* -, -, number of a network + 1 (0: all that it is on) << 1 | 1 for a carrier */
	WIRE_CALL_KINDS,
};

enum wire_outcome {
	WIRE_OK = 0,	    /* the call did its work; status and signal as the command left them */
	WIRE_FAILED = 1,    /* the guest said no: `reason` */
	WIRE_TIMED_OUT = 2, /* the deadline passed: `reason` says what was seen last */
	WIRE_LOST = 3,	    /* the machine is gone (panic, QEMU died, boot stalled): `reason` */
	WIRE_REFUSED = 4,   /* the call makes no sense now (machine shut down, ...): `reason` */
	WIRE_OVERTIME = 5, /* the test's own time limit passed: the test ends at this call, whatever its kind */
};

/* What WIRE_EVENT tells. */
enum wire_event {
	WIRE_EVENT_FAILURE = 1, /* a check or a call failed; the test is a failure. The first one is its message */
	WIRE_EVENT_NOTE = 2,	/* a comment for the TAP stream */
	WIRE_EVENT_SKIP = 3,	/* message is the reason */
	WIRE_EVENT_SUBTEST = 4, /* message: its name; pairs: "result" = "ok" or "not ok" */
	WIRE_EVENT_FAULT = 5,	/* the script itself crashed: message says how, "file:line" where */
	WIRE_EVENT_BODY = 6,	/* the setup is over, and the test's body begins */
	WIRE_EVENT_TODO = 7,	/* the test is expected to fail: message says why */
};

#endif
