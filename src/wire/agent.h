/* agent.h - every message between the world and an agent, with its fields
 *
 * Over the virtio-serial port BOOT_PORT_NAME (boot.h). Bytes from the guest are
 * hostile: the world checks each of them, and an agent that breaks these rules
 * loses its machine.
 *
 * "str" is u32 length + bytes without NUL; "bytes" is the same, any content.
 */
#ifndef WIRE_AGENT_H
#define WIRE_AGENT_H

#include <stddef.h>
#include <stdint.h>

#define WIRE_VERSION 5

/* The numbers are the protocol: append, never reorder. Those of the script's conversation follow (script.h). */
enum wire_type {
	/* agent->world, first thing, id 0: u32 WIRE_VERSION, str kernel release,
	 * str what runs as init once the root is up ("systemd", "openrc", "sysv", "agent", else its path),
	 * str warnings (lines; "" for none; at most WIRE_WARNINGS_MAX).
	 * It comes again when the stream from the world broke (a wrong magic, a length that cannot be): the
	 * agent has then ended all that ran for the world, and no request of before is answered any more. */
	WIRE_HELLO = 1,
	/* world->agent: u64 wall clock in ns (0: leave it), bytes entropy (none adds none; the last
	 * WIRE_GENERATION_BYTES of it, which are no secret, are the machine's new generation number),
	 * u8 1 for a machine that was copied from a template and needs an identity of its own (machine-id),
	 * str hostname ("" leaves it), str lines to append to /etc/hosts ("" leaves it),
	 * u32 number of interfaces, then for each: str MAC that it has "52:54:00:12:34:56",
	 * str MAC that it is to have ("" leaves it), str IPv4 "192.168.1.1/24" or "", str IPv6 likewise, of a kernel that
	 * has it, u32 MTU.
	 * The interface with that MAC is brought up under whatever name it has. Answered by DONE.
	 * It may come again, as with the time alone, to set it in less time than the first took. */
	WIRE_CONFIGURE = 2,
	/* world->agent: str shell command. Runs /bin/sh -c with stdin from /dev/null. Answered by
	 * OUTPUT..., then EXIT (or FAIL if it could not be started). EXIT comes when the command has ended
	 * and both pipes are at end of file, or WIRE_LINGER_MS after the command ended when a background
	 * child keeps them open. */
	WIRE_EXEC = 3,
	/* agent->world: u8 enum wire_stream, bytes (at most WIRE_CHUNK) */
	WIRE_OUTPUT = 4,
	/* agent->world, ends an EXEC: u32 exit status (0 when signalled), u32 signal (0 when exited),
	 * u64 wall time in ns */
	WIRE_EXIT = 5,
	/* world->agent: u8 enum wire_wait, str subject, str second subject, u32 port.
	 * Looked at once, then event-driven or 50 ms to 1 s apart. Answered by DONE or FAIL; the agent
	 * has no deadline of its own: the world sends CANCEL. */
	WIRE_WAIT = 6,
	/* agent->world, ends a request well: bytes result (a wait_until_...'s standard output, at most
	 * WIRE_DONE_MAX of it, else empty) */
	WIRE_DONE = 7,
	/* agent->world, ends a request badly: str reason, in words for the user, several lines allowed,
	 * at most WIRE_REASON_MAX */
	WIRE_FAIL = 8,
	/* world->agent, id = the request to end: u32 ms that its last words may take (none: 0). An EXEC is killed with its process group and answered by
	 * EXIT; anything else is answered by FAIL whose reason tells what the last look saw
	 * ("last try of 3: exit status 1, stderr: ..."), so that a time-out can say why. That of a WAIT goes on with
	 * what is there instead, in further lines, for which systemd is asked within that time. */
	WIRE_CANCEL = 9,
	/* world->agent: str path. Answered by OUTPUT (stream WIRE_STDOUT)..., then DONE or FAIL. A file of more
	 * than WIRE_FILE_MAX is a FAIL, at once where its size is known. A pipe or a device that has nothing to
	 * read is waited for until CANCEL. */
	WIRE_READ_FILE = 10,
	/* world->agent: str path, u32 mode of a new file (one that exists keeps its mode and owner). Then
	 * DATA..., END, with the same id. Answered by DONE or FAIL, once; after a FAIL the rest of the DATA is
	 * dropped. A regular file is replaced as a whole at END; anything else (agent/files.c) is written in
	 * place. A pipe without a reader is waited for until CANCEL. */
	WIRE_WRITE_FILE = 11,
	WIRE_DATA = 12, /* world->agent: bytes */
	WIRE_END = 13,	/* world->agent: no fields */
	/* world->agent: u8 enum wire_power. Through the init, as an administrator would. Answered by DONE before it
	 * starts; to suspend, by FAIL when that cannot be, or by DONE when the machine is awake again. */
	WIRE_POWEROFF = 14,
	/* world->agent, any time, also while other requests run: does the agent live? Answered by DONE, which
	 * waits for nothing but the frames that are already on their way to the world. */
	WIRE_PING = 15,
	/* world->agent: str TERM, u32 columns, u32 rows. A shell for a person: root's, as after a login, on a
	 * terminal of its own, or on pipes when the columns are 0. Answered by TAKEN of nothing once it is
	 * there, OUTPUT... and TAKEN..., then EXIT; or by FAIL. No more than WIRE_SHELL_WINDOW bytes are under way either way: who has sent as many
	 * waits for a TAKEN (with the end of the shell, some more may come). */
	WIRE_SHELL = 16,
	WIRE_INPUT = 17,  /* world->agent: bytes for a SHELL or SPAWN; none: the end of its input, for one on pipes */
	WIRE_RESIZE = 18, /* world->agent: u32 columns, u32 rows of a SHELL's terminal */
	WIRE_TAKEN = 19,  /* both: u32 bytes of OUTPUT or of INPUT that were passed on */
	/* world->agent: str shell command. As EXEC, but its standard input is a pipe that INPUT fills, and it is answered
	 * as a SHELL on pipes is: by TAKEN of nothing, OUTPUT... and TAKEN..., then EXIT; or by FAIL. */
	WIRE_SPAWN = 20,
	/* world->agent: str absolute path that the tree becomes. Then RECORD..., of which the last is empty, with the same
	 * id. Answered by TAKEN (the bytes of records that were put, some at a time) ..., then DONE; or by FAIL, after
	 * which the rest is dropped. */
	WIRE_PUT_TREE = 22,
	WIRE_RECORD = 23, /* world->agent: bytes, as tree.h has them; none: the end */
	/* world->agent: str absolute path. Answered by OUTPUT (stream WIRE_STDOUT), one a record..., then DONE or FAIL. */
	WIRE_GET_TREE = 24,
	WIRE_SIGNAL = 21, /* world->agent: u32 signal for the process group of a SPAWN; not answered */
	/* world->agent: no fields. What the kernel draws the text console with that is shown. Answered by DONE: u32
	 * width of a glyph, u32 height, u32 glyphs, bytes their rows, of whole bytes, the leftmost pixel in the highest
	 * bit; u32 pairs, then for each u32: a character below U+10000, << 16, and the number of a glyph that means it */
	WIRE_FONT = 25,
	/* world->agent: u8 1 when the machine has just become ready: failed units and core dumps that are there now are
	 * not told, ever; 0 to be told what went wrong. Answered by DONE: u32 number, then for each: u8 enum wire_health,
	 * str what was seen, several lines allowed. Each is told once. */
	WIRE_HEALTH = 26,
	/* world->agent: u32 TCP port, to which a connection is made as a client of this machine itself would. Answered by
	 * TAKEN of nothing once it is there, OUTPUT (stream WIRE_STDOUT; of nothing: its end) ... and TAKEN..., then DONE
	 * when both directions have ended; or by FAIL, also when it is reset. INPUT may follow at once, and an INPUT of
	 * nothing ends that direction. Either way no more than WIRE_SHELL_WINDOW bytes are under way. CANCEL resets it. */
	WIRE_CONNECT = 27,
};

/* What HEALTH tells of, and the names that a script has for it. */
enum wire_health {
	WIRE_HEALTH_OOPS = 1,
	WIRE_HEALTH_WARNING = 2,
	WIRE_HEALTH_LOCKDEP = 3,
	WIRE_HEALTH_HUNG = 4,
	WIRE_HEALTH_OOM = 5,
	WIRE_HEALTH_COREDUMP = 6,
	WIRE_HEALTH_UNITS = 7,
	WIRE_HEALTH_KINDS,
};
#define WIRE_HEALTH_NAMES "", "oops", "warning", "lockdep", "hung", "oom", "coredump", "units"

/* What POWEROFF asks for. */
enum wire_power { WIRE_POWER_OFF = 0, WIRE_POWER_REBOOT = 1, WIRE_POWER_SUSPEND = 2 };

enum wire_stream { WIRE_STDOUT = 1, WIRE_STDERR = 2 };

/* Limits of what the agent is told and sends, in bytes; each leaves its frame far below WIRE_PAYLOAD_MAX. */
#define WIRE_HOSTNAME_MAX 64	       /* CONFIGURE's host name: sethostname(2) of Linux takes no more */
#define WIRE_GENERATION_BYTES 16       /* of CONFIGURE's entropy */
#define WIRE_WARNINGS_MAX 32768	       /* HELLO's warnings */
#define WIRE_REASON_MAX	  32768	       /* FAIL's reason */
#define WIRE_DONE_MAX	  (256 * 1024) /* DONE's result */
#define WIRE_FILE_MAX	  (32 << 20)   /* a file that READ_FILE sends, in OUTPUTs of at most WIRE_CHUNK */

#define WIRE_SHELL_WINDOW 65536	       /* bytes of a SHELL's OUTPUT, or of its INPUT, that were not TAKEN */

#define WIRE_TEXT_SUM 20 /* bytes of a text's sum, which is one as well, with its NUL */

/* For WAIT_TTY: FNV-1a, to tell one text from the next. */
static inline void wire_text_sum(const char *text, size_t n, char out[WIRE_TEXT_SUM])
{
	static const char digits[] = "0123456789abcdef";
	uint64_t sum = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		sum = (sum ^ (unsigned char)text[i]) * 0x100000001b3u;
	for (int i = 0; i < 16; i++)
		out[i] = digits[sum >> (60 - 4 * i) & 15];
	out[16] = '\0';
}

#define WIRE_LINGER_MS 200 /* how long EXIT waits for pipes that a background child holds */

#define WIRE_SLEEP_MAX_S (10 * 366 * 86400) /* ten years */

/* What WIRE_WAIT waits for: subject, second subject, port. */
enum wire_wait {
	WIRE_WAIT_SUCCEEDS = 1, /* shell command until its status is 0 */
	WIRE_WAIT_FAILS = 2,	/* shell command until its status is not 0 (a signal is not "fails") */
	WIRE_WAIT_FILE = 3,	/* path exists */
	WIRE_WAIT_PORT = 4,	/* -, address ("" = any local), TCP port: something listens */
	WIRE_WAIT_NO_PORT = 5,	/* the opposite */
	/* Of units the second subject is "STATE\nUSER", either may be empty: the unit is one of that user's manager. */
	WIRE_WAIT_UNIT = 6,	/* systemd unit active; "failed", or inactive with no job, is FAIL at once */
	WIRE_WAIT_READY = 7,	/* the init's own "done": systemd default.target, OpenRC default, SysV 1 to 5, else at once */
	WIRE_WAIT_QUIET = 8,	/* the machine is to be saved: nothing goes on any more (links run, processors are
				 * idle, or 5 s have passed), free memory is zeros, and a shell is ready for every
				 * copy's first command */
	/* A unit's active state is the one that is given: to be waited for, however it comes to that, */
	WIRE_WAIT_UNIT_STATE = 9,
	WIRE_WAIT_UNIT_IS = 10, /* or to be so at the first look; a unit that does not exist has none */
	WIRE_WAIT_UNIX = 11,	      /* path: a stream or packet socket that listens */
	WIRE_WAIT_UNIX_DATAGRAM = 12, /* path: a datagram socket */
	WIRE_WAIT_SLEEP = 13,	/* milliseconds, decimal: so long, by the guest's clock */
	WIRE_WAIT_TTY = 14,	/* wire_text_sum() of the text that the host knows, -, number of a virtual terminal: DONE
				 * with its text, UTF-8 in lines without blanks at their ends, as soon as that is another.
				 * A sum of "": at once, or FAIL */
	WIRE_WAIT_KINDS,
};

#endif
