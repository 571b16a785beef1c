/* oldest.h - the oldest kernel of a host, and what stands in for what it lacks
 *
 * The number of a system call tells its age; these are all that are newer than
 * that kernel and that vmtap, its script processes or a static QEMU 7.2 with glibc
 * 2.36 ask for, on a host. tests/world/kernels.t ends a process that asks for
 * another, refuses each of them, and then every call, used or not, that came after
 * 3.10 (and after 4.18, 5.3). No such kernel was booted for it.
 *
 *	since	call			without it
 *	3.17	getrandom		/dev/urandom (host_random(), QEMU); without that either, no machine
 *	3.17	memfd_create		a file without a name in $TMPDIR or /tmp (fd_memory()), or one in the cache (state/ram.c)
 *	3.17	seccomp			QEMU runs without its filter (confine.h)
 *	4.5	copy_file_range		sendfile(), read() and write() (state/ram.c, image/erofs.c)
 *	4.18	rseq			glibc does without
 *	5.3	pidfd_open		SIGCHLD (pidfd.h)
 *	5.3	clone3			clone, by glibc
 *	5.9	close_range		/proc/self/fd, or one number after the other (fd.h)
 *
 * Of flags, options and requests (refused by the same test, as far as they are listed here):
 *
 *	3.11	O_TMPFILE		fd_memory() (state/checkpoint.c)
 *	3.15	F_OFD_SETLK		QEMU opens images without locks
 *	4.5	FICLONE			a copy (state/ram.c)
 *	4.5	MADV_FREE		musl's free() keeps the memory
 *	4.14	SO_ZEROCOPY		QEMU copies what it migrates
 *	5.11	CLOSE_RANGE_CLOEXEC	as without close_range
 *
 * Nothing has a stand-in that came before 3.10: PR_SET_NO_NEW_PRIVS (3.5), FALLOC_FL_PUNCH_HOLE (2.6.38) on tmpfs (3.5),
 * prlimit64 (2.6.36), epoll, eventfd and signalfd with flags (2.6.27). The static QEMU's libc ends by itself before 3.2.
 */
#ifndef BASE_OLDEST_H
#define BASE_OLDEST_H

#define OLDEST_KERNEL "3.10"

#endif
