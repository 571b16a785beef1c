/* message.h - every message of the two conversations, with its fields
 *
 * world <-> agent, over virtio-serial port WIRE_PORT_NAME (bytes from the
 * guest are hostile), and script <-> world, over a socketpair (the script is
 * trusted code, but it may crash in the middle of a write).
 *
 * "str" is u32 length + bytes without NUL; "bytes" is the same, any content.
 */
#ifndef WIRE_MESSAGE_H
#define WIRE_MESSAGE_H

#define WIRE_PORT_NAME "vmtap.0"
#define WIRE_VERSION   3

/* The numbers are the protocol: append, never reorder. */
enum wire_type {
	/* ---- world <-> agent ---- */

	/* agent->world, first thing, id 0: u32 WIRE_VERSION, str kernel release,
	 * str what runs as init once the root is up ("systemd", "openrc", "agent", else its path),
	 * str warnings (lines; "" for none) */
	WIRE_HELLO = 1,
	/* world->agent: u64 session nonce, u64 wall clock in ns (0: leave it), bytes entropy (none adds none),
	 * u8 1 for a machine that was copied from a template and needs an identity of its own (machine-id),
	 * str hostname ("" leaves it), str lines to append to /etc/hosts ("" leaves it),
	 * u32 number of interfaces, then for each: str MAC that it has "52:54:00:12:34:56",
	 * str MAC that it is to have ("" leaves it), str IPv4 "192.168.1.1/24" or "", u32 MTU.
	 * The interface with that MAC is brought up under whatever name it has. Answered by DONE.
	 * It may come again, as with the time alone, to set it in less time than the first took. */
	WIRE_CONFIGURE = 2,
	/* world->agent: str shell command, u32 enum wire_exec_flag.
	 * Runs /bin/sh -c with stdin from /dev/null. Answered by OUTPUT..., then EXIT (or FAIL if it
	 * could not be started). EXIT comes when the command has ended and both pipes are at end of
	 * file, or WIRE_LINGER_MS after the command ended when a background child keeps them open. */
	WIRE_EXEC = 3,
	/* agent->world: u8 enum wire_stream, bytes */
	WIRE_OUTPUT = 4,
	/* agent->world, ends an EXEC: u32 exit status (0 when signalled), u32 signal (0 when exited),
	 * u64 wall time in ns, u64 CPU time of the command in ns */
	WIRE_EXIT = 5,
	/* world->agent: u8 enum wire_wait, str subject, str second subject, u32 port.
	 * Looked at once, then event-driven or 50 ms to 1 s apart. Answered by DONE or FAIL; the agent
	 * has no deadline of its own: the world sends CANCEL. */
	WIRE_WAIT = 6,
	/* agent->world, ends a request well: bytes result (a wait_until_...'s standard output, else empty) */
	WIRE_DONE = 7,
	/* agent->world, ends a request badly: str reason, in words for the user, several lines allowed */
	WIRE_FAIL = 8,
	/* world->agent, id = the request to end. An EXEC is killed with its process group and answered by
	 * EXIT; anything else is answered by FAIL whose reason tells what the last look saw
	 * ("last try: exit status 1, stderr: ..."), so that a time-out can say why. */
	WIRE_CANCEL = 9,
	/* world->agent: str path. Answered by OUTPUT (stream WIRE_STDOUT)..., then DONE or FAIL. */
	WIRE_READ_FILE = 10,
	/* world->agent: str path, u32 mode. Then DATA..., END, with the same id; the agent writes a
	 * temporary file beside the path (parents created) and renames it at END. Answered by DONE or FAIL,
	 * once; after a FAIL the rest of the DATA is dropped. */
	WIRE_WRITE_FILE = 11,
	WIRE_DATA = 12, /* world->agent: bytes */
	WIRE_END = 13,	/* world->agent: no fields */
	/* world->agent: u8 enum wire_poweroff. Answered by DONE before it starts. */
	WIRE_POWEROFF = 14,
	/* world->agent, any time; answered by DONE */
	WIRE_PING = 15,

	/* ---- script <-> world ---- */

	/* script->world: u32 machine, u8 enum wire_call, str "file:line" of the call,
	 * u64 deadline (CLOCK_MONOTONIC ns; UINT64_MAX for the default of the call),
	 * str first argument, bytes second argument, u32 number. Answered by RESULT, once. */
	WIRE_CALL = 32,
	/* world->script: u8 enum wire_outcome, u32 status, u32 signal, u64 wall ns,
	 * bytes out, bytes err, str reason (WIRE_FAILED and worse: for the user).
	 * Output too long for one frame comes ahead of it in OUTPUT frames of the same id, to which
	 * these bytes are appended. */
	WIRE_RESULT = 33,
	/* script->world: a point of the test failed or something is to be told:
	 * u8 enum wire_event, str "file:line", str message, u32 number of pairs, then str key, str value.
	 * Not answered. */
	WIRE_EVENT = 34,
	/* script->world, last thing: u8 1 when the test function came to its end or skipped. Not answered. */
	WIRE_FINISHED = 35,
};

enum wire_exec_flag {
	WIRE_EXEC_PLAIN = 0,
};

enum wire_stream { WIRE_STDOUT = 1, WIRE_STDERR = 2 };

#define WIRE_LINGER_MS 200 /* how long EXIT waits for pipes that a background child holds */

/* What WIRE_WAIT waits for: subject, second subject, port. */
enum wire_wait {
	WIRE_WAIT_SUCCEEDS = 1, /* shell command until its status is 0 */
	WIRE_WAIT_FAILS = 2,	/* shell command until its status is not 0 (a signal is not "fails") */
	WIRE_WAIT_FILE = 3,	/* path exists */
	WIRE_WAIT_PORT = 4,	/* -, address ("" = any local), TCP port: something listens */
	WIRE_WAIT_NO_PORT = 5,	/* the opposite */
	WIRE_WAIT_UNIT = 6,	/* systemd unit active; "failed", or inactive with no job, is FAIL at once */
	WIRE_WAIT_READY = 7,	/* the init's own "done": systemd default.target, OpenRC default, else at once */
	WIRE_WAIT_QUIET = 8,	/* the machine is to be saved: nothing goes on any more (links run, processors are
				 * idle, or 5 s have passed), and a shell is ready for every copy's first command */
};

enum wire_poweroff {
	WIRE_POWEROFF_ORDERLY = 1, /* through the init, as an administrator would */
	WIRE_POWEROFF_NOW = 2,	   /* sync and reboot(2) */
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
};

enum wire_outcome {
	WIRE_OK = 0,	    /* the call did its work; status and signal as the command left them */
	WIRE_FAILED = 1,    /* the guest said no: `reason` */
	WIRE_TIMED_OUT = 2, /* the deadline passed: `reason` says what was seen last */
	WIRE_LOST = 3,	    /* the machine is gone (panic, QEMU died, boot stalled): `reason` */
	WIRE_REFUSED = 4,   /* the call makes no sense now (machine shut down, ...): `reason` */
};

/* What WIRE_EVENT tells. */
enum wire_event {
	WIRE_EVENT_FAILURE = 1, /* a check or a call failed; the test is a failure. The first one is its message */
	WIRE_EVENT_NOTE = 2,	/* a comment for the TAP stream */
	WIRE_EVENT_SKIP = 3,	/* message is the reason */
	WIRE_EVENT_SUBTEST = 4, /* message: its name; pairs: "result" = "ok" or "not ok" */
	WIRE_EVENT_FAULT = 5,	/* the script itself crashed: message says how, "file:line" where */
};

#endif
