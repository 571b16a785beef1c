/* front.c - the agent in front of an initramfs that is not ours
 *
 * Theory of operation
 *
 * The kernel runs us in the place of the initramfs's /init (rdinit=), which we
 * become; a child of ours stays. initramfs-tools and dracut find the root, move it
 * over the initramfs and change to it: process 1 then has another root than the
 * child, which is still in the initramfs, empty by then. /proc/1/root is the way
 * after it. systemd in an initramfs kills what is left before it changes over, but
 * spares whose command line starts with '@'
 * (https://systemd.io/ROOT_STORAGE_DAEMONS).
 *
 * /proc is mounted in a place of ours: the init mounts its own, and takes it along.
 */
#include "agent/front.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/cmdline.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "wire/boot.h"

#define PROC	    "/" BOOT_FRONT_PROC
#define CMDLINE_MAX (256 * 1024)	/* bytes */
#define LOOK	    (10 * NS_PER_MS)

/* The host knows how long that may take. */
static void await_switch(int proc)
{
	const struct timespec nap = {.tv_nsec = LOOK};
	struct stat own, inits;

	while (stat("/", &own) < 0 || fstatat(proc, "1/root", &inits, 0) < 0 ||
	       (own.st_dev == inits.st_dev && own.st_ino == inits.st_ino))
		nanosleep(&nap, NULL);
}

static int follow(int proc, struct err *err)
{
	cleanup_fd int root = openat(proc, "1/root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0 || fchdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return err_errno(err, "cannot follow the init into its root");
	return 0;
}

int front_run(struct boot *b, char **argv, char **envp, struct err *err)
{
	cleanup_buf struct buf cmdline = {0};
	cleanup_free char *init = NULL;
	cleanup_fd int proc = -1;

	if (mount("proc", PROC, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return err_errno(err, "cannot mount '%s'", PROC);
	proc = open(PROC, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0 || file_read(PROC "/cmdline", CMDLINE_MAX, &cmdline, err) < 0)
		return proc < 0 ? err_errno(err, "cannot open '%s'", PROC) : -1;
	/* It stays for who has it open; run-init insists on an initramfs without mounts, to empty it. */
	(void)umount2(PROC, MNT_DETACH);
	init = cmdline_get(buf_str(&cmdline), BOOT_FRONT);
	if (boot_become_init(init ? init : (char *)"/init", argv, envp, err) < 0)
		return -1;
	await_switch(proc);
	if (follow(proc, err) < 0)
		return -1;
	boot_join(b, NULL);
	return 0;
}
