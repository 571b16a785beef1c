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
	/* Between a world and who comes to its machines (world/visitors.h), who sends CALLs, as a script does, of all kinds
	 * but INTERACT; EVENT and FINISHED mean nothing there.
	 * world->visitor, first thing: str the test, str "file:line" or "", str why it is there, u64 seconds that are left
	 * (UINT64_MAX: no limit), u32 machine that it is about, u32 number of machines, then str name, str state of each;
	 * str path of the script, absolute, or "" */
	WIRE_WELCOME = 37,
	/* visitor->world: it is not needed any more. No fields; not answered, but by the end of the connection. */
	WIRE_DISMISS = 38,
	/* visitor->world: somebody is there until the connection ends, and not only while a call lasts. No fields; not
	 * answered. */
	WIRE_STAY = 39,
	/* script->world: it has failed, and stands still until it is answered by HALT or GO. No fields.
	 * world->script, there or instead of a RESULT: it is to stand where it is until it is killed, for people. */
	WIRE_HALT = 40,
	/* world->script: go on. No fields. */
	WIRE_GO = 41,
	/* visitor->world: into the script's process. No fields. Answered by ENTER with one end of a socket (SCM_RIGHTS),
	 * or without one: nobody can go in there.
	 * world->script, while it waits for an answer: the other end of that socket (script/halt.h). No fields. */
	WIRE_ENTER = 42,
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
	WIRE_CALL_CONSOLE_TEXT = 22, /* -: OUTPUT is all that the console said, as far as it is kept */
	WIRE_CALL_CONSOLE_SEND = 23, /* text */
	WIRE_CALL_CONSOLE_WAIT = 24, /* regular expression: OUTPUT is the line that matches, see console_find() */
	WIRE_CALL_TTY = 25,	     /* regular expression that the text is to match; "": what there is; number of a virtual
				      * terminal. OUTPUT is its text */
	WIRE_CALL_MONITOR = 26,	   /* command for people; OUTPUT is what QEMU's monitor says */
	WIRE_CALL_QMP = 27,	   /* command, a JSON object; OUTPUT is what it returns, as JSON */
	WIRE_CALL_QMP_EVENT = 28,  /* name, what it must say (machine/events.h): OUTPUT is the event, as JSON */
	WIRE_CALL_KEYS = 29,	   /* text to type, or 1: names of keys to be pressed together ("ctrl-alt-delete") */
	WIRE_CALL_SCREENSHOT = 30, /* name, or with a '/' a path on the host. RESULT's status is 1 when it is not kept */
	WIRE_CALL_SCREEN = 31,	   /* regular expression that the text is to match; "": what there is. OUTPUT is the text;
				    * RESULT's status is 1 when there is nothing to read it by, and OUTPUT says what is missing */
	WIRE_CALL_NET = 32,  /* (machine is the number of a network) arguments as text, -, enum wire_net */
	WIRE_CALL_LINK = 33, /* number of a network, or "" for all of the machine's, -, 1: up, 0: down */
	WIRE_CALL_CONSOLE = 34,	   /* -, -, -: the serial console, with INPUT, OUTPUT and TAKEN as for SHELL; it ends with
				    * an INPUT of nothing */
	WIRE_CALL_INTERACT = 35,   /* somebody is to come to the world; answered when he has left, or nobody came in time:
				    * RESULT's status is 1 or 0 */
	WIRE_CALL_AWAIT_OFF = 36,  /* until the machine is off, by whatever it does itself */
	WIRE_CALL_PAUSE = 37,	   /* its processors stand still */
	WIRE_CALL_RESUME = 38,
	WIRE_CALL_REBOOT = 39,	   /* orderly; ends when it is up again */
	WIRE_CALL_SUSPEND = 40,	   /* to memory; ends when it sleeps */
	WIRE_CALL_WAKEUP = 41,	   /* ends when its agent answers */
	WIRE_CALL_FORWARD = 42,	   /* -, -, port in the guest << 16 | port of the host, 0 for any: RESULT's status is the latter */
	WIRE_CALL_KINDS,
};

/* What WIRE_CALL_NET does to a network, and its arguments: numbers with blanks between them. */
enum wire_net {
	WIRE_NET_LOSS = 1, /* probability, and likewise three more */
	WIRE_NET_DUPLICATE = 2,
	WIRE_NET_REORDER = 3,
	WIRE_NET_CORRUPT = 4,
	WIRE_NET_DELAY = 5,	/* ms, ms of jitter */
	WIRE_NET_RATE = 6,	/* kbit/s, 0 for no limit */
	WIRE_NET_PARTITION = 7, /* two machines' numbers */
	WIRE_NET_HEAL = 8,	/* - */
	WIRE_NET_CAPTURE = 9,	/* path, as it is */
	WIRE_NET_PACKETS = 10,	/* -: OUTPUT is how many frames were sent, as text */
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
	WIRE_EVENT_BAIL_OUT = 8, /* no test of the run is of any use: message says why. A FAILURE follows */
};

#endif
