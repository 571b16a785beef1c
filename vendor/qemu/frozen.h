/* frozen.h - a machine as a file: a stopped QEMU's memory, and what its kernel held for it
 *
 * Theory of operation
 *
 * QEMU under TCG is a process like any other: a guest, its devices and the
 * code that was translated for it are all memory. So a machine that has booted
 * is written to a file once, and each copy of it maps that file privately, at
 * the same addresses, and goes on. Nothing is started, loaded, reset or
 * translated again; what a copy does not touch it does not even read.
 *
 * Freezing (freeze.c, image.c, descriptors.c). vmtap asks on a socket of
 * `-device vmtap-freezer`. The machine is stopped as for a migration, and
 * fork() makes a process of one thread whose memory stands still, while the
 * machine goes on. That child writes itself to the file and ends. It does so
 * within fork(), in the first of the handlers that fork() calls in a child:
 * there the C library has put its own affairs in order for a single thread, and
 * QEMU's RCU, whose handler comes next, has not begun its new thread.
 *
 * Thawing (thaw.c). `qemu-system-x86_64 -thaw N`, N being the descriptor of a
 * file, is the same binary at the same addresses. Before anything of QEMU runs
 * it makes what the kernel must hold, maps the file over all but its own code
 * and FROZEN_SCRATCH, and jumps to where the child was: fork() returns in it,
 * with a new RCU thread, and freeze.c makes the processors' threads anew.
 *
 * What the kernel holds for a process, and what becomes of it:
 *
 *	memory		mapped from the file; what is zero is made anew; code comes from the binary
 *	heap (brk)	what is in it is memory; no more can be had of it, so malloc() maps instead
 *	heaps of threads	memory; malloc() gives none of it back, as it would find the file's bytes there again, not zeros
 *	the kernel's file and the initramfs	zeros, where a reset ends QEMU: they are mapped only to be loaded again
 *	stack		memory, with the room below it that a stack may grow into
 *	vdso		not part of the file: the new process's own is used (see thaw.c)
 *	FS base		set; it is where thread-local variables are
 *	threads		only the main one is in the file: processors' and RCU's are begun again; workers
 *			of the block layer are ended before; with any other a machine is not frozen
 *	tid, robust list, rseq	registered again, for the addresses in the file
 *	signals		handlers, mask, alternate stack set; none is pending; no timer of the kernel is used
 *	descriptors	by kind, see enum frozen_fd_kind; any other kind is refused when freezing
 *	files without a name	part of the file, as memory is: each copy has one of its own (a disk's overlay)
 *	locks of files	taken again
 *	seccomp		QEMU's -sandbox is set up again from its options before there is a second thread
 *	no_new_privs, limits, environment, user, directory, umask, priority
 *			of who thaws it; the environment that QEMU sees is the frozen one's
 *	dumpable, name, timer slack, machine-check policy	set again
 *	death signal, process group	of who thaws it
 *	epoll		none: given up when freezing, QEMU polls instead
 *	POSIX timers, alarms, inotify, io_uring, aio	none; descriptors of them are refused
 *	locked or advised memory	not renewed (QEMU's advice on huge pages does not matter here)
 *	/proc/self/exe	the same binary
 *
 * Bases (bases.c). A machine that goes on from other files has most of its
 * memory in them still: a guest's memory from a template, or all of the machine
 * that it was thawed as. Such a file may be named as a base when it is frozen,
 * and then what the machine has not changed is no part of its own file: a region
 * says which file it is mapped from, so that a thaw maps each region once, and
 * nothing twice. There are no bases of bases: what was thawed from a file that
 * is not named again is written out. So FROZEN_BASES, two, is all that a file ever
 * depends on: a guest's memory as a template has it, and that template frozen.
 *
 * The files must stay as they are for as long as a copy lives: what a copy has
 * not yet touched is read from there. They may be unlinked.
 *
 * A file can be thawed by the binary that wrote it (the linker's build ID) on a
 * processor with the same features, as the C library and the translator chose
 * code by them, and under the kernel that it was frozen under, as QEMU and the C
 * library have found out what that one can do; with bases of the size and time
 * that they had. thaw.c compares all of it, and the sum of all tables. The sum of
 * the memory is for the store to know: reading it would cost more than the thaw.
 * Timers of the host's real-time clock (QEMU_CLOCK_REALTIME), which only
 * displays use, are late in a file of a host that was rebooted since.
 */
#ifndef VMTAP_FROZEN_H
#define VMTAP_FROZEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#define FROZEN_MAGIC	 "vmtapfrz"
#define FROZEN_VERSION	 3
#define FROZEN_VERSION_TEXT "3"
#define FROZEN_PAGE	 4096u
#define FROZEN_TABLE_MAX (512u << 10) /* bytes of header and tables; memory comes behind, from this offset */
#define FROZEN_PATH_MAX	 512
#define FROZEN_LOCKS_MAX 8  /* ranges of a file: QEMU locks single bytes, see block/file-posix.c */
#define FROZEN_CPU_WORDS 20 /* of frozen_processor() */
#define FROZEN_BINARY	 20 /* bytes of a build ID */
#define FROZEN_SIGNALS	 64
#define FROZEN_BASES	 2
#define FROZEN_OWN_FILES 8  /* with a name, that are the machine's alone all the same */
#define FROZEN_RELEASE	 72 /* bytes of the kernel's release, as uname(2) has it, and some */

enum frozen_fd_kind {
	FROZEN_FD_STANDARD, /* 0, 1, 2: must be open, whatever they are */
	FROZEN_FD_GIVEN,    /* a socket, pipe or terminal: one of the same type must be open with that number */
	FROZEN_FD_EVENT,    /* eventfd: made anew, signalled once, which QEMU's readers bear at any time */
	FROZEN_FD_SIGNAL,   /* signalfd: made anew */
	FROZEN_FD_FILE,	    /* a file or device: the one that is open with that number, or opened again by path */
	FROZEN_FD_CONTENT,  /* a file that is the machine's alone: a new one with the same content, without a name */
	FROZEN_FD_AGAIN,    /* such a file once more: opened again by the number of the first */
};

enum frozen_source {
	FROZEN_ZEROS,
	FROZEN_OWN,  /* the file itself */
	FROZEN_BASE, /* the first base; the second follows */
	FROZEN_SOURCES = FROZEN_BASE + FROZEN_BASES,
};

/**
 * struct frozen_region - A range of memory
 * @prot:	As of mmap(2)
 * @source:	Where its content is, as of enum frozen_source, and
 * @offset:	in which place there
 */
struct frozen_region {
	uint64_t start, end;
	uint32_t prot, source;
	uint64_t offset;
};

/**
 * struct frozen_base - What a base was like
 * @mtime:	In ns since 1970
 * @used:	Whether any region is there; if not it need not be there to be thawed
 */
struct frozen_base {
	uint64_t size, mtime;
	uint64_t used;
};

struct frozen_lock {
	uint64_t start, length; /* length 0: to the end */
	uint32_t write, unused;
};

/**
 * struct frozen_fd - A descriptor
 * @flags:	As of F_GETFL
 * @close_on_exec: Whether FD_CLOEXEC is set
 * @type:	Of GIVEN: st_mode's type, and of a socket SO_TYPE
 * @value:	Of SIGNAL: its signals as the kernel has them; of FILE, CONTENT and AGAIN: the position
 * @place:	Of CONTENT: where in the image it is, with its holes; of AGAIN: the first's number
 * @size:	Of CONTENT: of the file
 */
struct frozen_fd {
	uint32_t number, kind;
	uint32_t flags, close_on_exec;
	uint32_t mode, type;
	uint64_t value, place, size;
	uint32_t nlocks, unused;
	struct frozen_lock locks[FROZEN_LOCKS_MAX];
	char path[FROZEN_PATH_MAX];
};

/* As the kernel has it, not the C library: rt_sigaction(2). */
struct frozen_signal {
	uint64_t handler, flags, restorer, mask;
};

/**
 * struct frozen - The head of the file; @nregions regions and @nfds descriptors follow
 * @table_size:	Bytes of all three
 * @sum:	frozen_sum() of them, with 0 here
 */
struct frozen {
	char magic[8];
	uint32_t version, table_size;
	uint64_t sum;
	uint64_t file_size;
	uint8_t binary[FROZEN_BINARY];
	uint32_t processor[FROZEN_CPU_WORDS];
	char kernel[FROZEN_RELEASE];
	uint32_t nregions, nfds, nbases;
	struct frozen_base bases[FROZEN_BASES];

	uint64_t fs_base;
	uint64_t tid;		   /* address of the C library's idea of it */
	uint64_t robust, robust_size;
	uint64_t rseq, rseq_size;  /* size 0: not registered */
	uint64_t altstack, altstack_size, altstack_flags;
	struct frozen_signal signals[FROZEN_SIGNALS];
	uint64_t timer_slack;
	uint32_t machine_check, dumpable;
	char name[16];
};

static inline struct frozen_region *frozen_regions(struct frozen *f)
{
	return (struct frozen_region *)(f + 1);
}

static inline struct frozen_fd *frozen_fds(struct frozen *f)
{
	return (struct frozen_fd *)(frozen_regions(f) + f->nregions);
}

/* Memory that is in no file: tables are made and read there, and the mapping of a file is done from there. */
#define FROZEN_SCRATCH (FROZEN_TABLE_MAX + (4u << 20))
extern char frozen_scratch[FROZEN_SCRATCH];

/* For thaw.c: where a thawed process goes on, and how it knows that it is one. */
extern ucontext_t frozen_context;
extern volatile bool frozen_goes_on;

/* Return: a sum of the tables as they are, but for @sum. */
uint64_t frozen_sum(const struct frozen *f);
/* Return: false when the binary has no build ID. */
bool frozen_binary(uint8_t out[FROZEN_BINARY]);
/* All that CPUID and XCR0 say of instructions and registers. */
void frozen_processor(uint32_t out[FROZEN_CPU_WORDS]);

/* The kernel's release. */
void frozen_kernel(char out[FROZEN_RELEASE]);
/* What a base is like now. Return: false when it cannot be told. */
bool frozen_describe_base(int fd, struct frozen_base *out);

/**
 * struct frozen_order - What is to be written where
 * @image:	The file, empty
 * @said:	Another descriptor that is not part of it
 * @stands:	Closed when the machine may go on: until then files that are part of the image must not change
 * @bases:	Files that it may be based on, the first @nbases; not part of it either
 * @own:	Files with a name that are nobody else's, the first @nown, so that what is in them is part of it; these
 *		descriptors are not
 * @useless:	Names of files whose mappings need not be in there, and are zeros in a copy; NULL for none
 */
struct frozen_order {
	int image, said, stands;
	int bases[FROZEN_BASES], own[FROZEN_OWN_FILES];
	uint32_t nbases, nown;
	const char *useless[2];
};

/**
 * frozen_write() - Write this process, which must have one thread, to a file
 * @why:	Set to the reason of a failure, a static text
 *
 * Return: 0 when it was written; 1 in each process that was thawed from it; -1
 */
int frozen_write(const struct frozen_order *o, const char **why);

/**
 * struct frozen_mapped - A file as /proc/self/maps names it
 * @device:	The two numbers, which need not be those of fstat(2) (overlayfs, btrfs)
 */
struct frozen_mapped {
	char device[24];
	uint64_t inode;
};

/* Find out how a file that is mapped would be named. Return: false when it cannot be mapped. */
bool frozen_name_base(int fd, struct frozen_mapped *out);

/* Return: the end, at most @end, of the hole (@hole set) or of the data that @at is in, places of a file. */
uint64_t frozen_extent(int fd, uint64_t at, uint64_t end, bool *hole);

/**
 * frozen_copy() - Copy a range of a file, but for its holes
 * @at, @end:	The range, from a page's beginning on
 * @to:		The file that it is copied to, where there is a hole, at @to_at
 * @buffer:	A page or more, for where the kernel does not copy
 *
 * Blocks are shared where the file system can do that.
 *
 * Return: 0, or -1 with errno
 */
int frozen_copy(int from, uint64_t at, uint64_t end, int to, uint64_t to_at, char *buffer, size_t size);

/* Return: whether a descriptor, none of @o, is a file without a name (O_TMPFILE, memfd, unlinked) or is one of @o's own. */
bool frozen_is_content(const struct frozen_order *o, int fd);

/**
 * frozen_list_fds() - Fill the table of descriptors, all but those of @o
 * @room:	Descriptors that fit
 *
 * Return: 0, or -1 with *@why a static text
 */
int frozen_list_fds(const struct frozen_order *o, struct frozen_fd *out, uint32_t *n, uint32_t room, const char **why);

#endif
