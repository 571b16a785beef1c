/* boot.c - the initramfs phase: from the kernel's exec of /init to a running guest
 *
 * Theory of operation
 *
 * 1. /proc, /sys, /dev; the console as our standard streams.
 * 2. The modules that /vmtap/modules names, in its order: the host has worked out
 *    what this machine needs, so there is no modprobe, no alias, no wait.
 * 3. Without vmtap.root= the initramfs is the root (the kit guest) and we stay
 *    PID 1. With it: root.c mounts the image and makes it the root. With
 *    vmtap.changes= the kit guest gets a root, too: a disk over its initramfs.
 * 4. The image's init becomes PID 1; we go on in a child. An image without an init,
 *    or with one that cannot be run (a warning tells of it), has us as PID 1. systemd moves the child
 *    to init.scope with everything else that it finds in the root control group,
 *    and spares it at shutdown since its command line starts with '@'
 *    (https://systemd.io/ROOT_STORAGE_DAEMONS), so that the host sees the end.
 *
 * The child is in the image's root like any process: there is no container and
 * no namespace between a command and the system under test.
 */
#include "agent/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/carried.h"
#include "agent/cmdline.h"
#include "agent/environment.h"
#include "agent/front.h"
#include "agent/machine_id.h"
#include "agent/net.h"
#include "agent/root.h"
#include "agent/users.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/signals.h"
#include "base/text.h"
#include "wire/boot.h"

#define LIST_MAX     (256 * 1024) /* bytes of that list, and of /proc/cmdline */
#define RUN_MAX	     (128 * 1024) /* bytes of BOOT_RUN, and of BOOT_USERS */

void boot_warn(struct boot *b, const char *text)
{
	buf_addf(&b->warnings, "%s\n", text);
}

/* ---- 1. file systems and console ---- */

struct place {
	const char *path, *type;
	unsigned long flags;
	const char *data;
};

static const struct place first_places[] = {
	{"/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
	{"/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
	{"/dev", "devtmpfs", MS_NOSUID, "mode=755"},
	{"/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"},
};

/* What an init would mount: in the kit guest the agent is the init. */
static const struct place kit_places[] = {
	{"/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "mode=620,gid=5,ptmxmode=666"},
	{"/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"},
	{"/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"},
	{"/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
};

static int mount_place(const struct place *p, struct err *err)
{
	(void)mkdir(p->path, 0755);
	if (mount(p->type, p->path, p->type, p->flags, p->data) < 0 && errno != EBUSY)
		return err_errno(err, "cannot mount '%s'", p->path);
	return 0;
}

static int mount_first(struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(first_places); i++)
		if (mount_place(&first_places[i], err) < 0)
			return -1;
	return 0;
}

/* The kernel opened /dev/console for us only if the initramfs has that node. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY); /* NOLINT(android-cloexec-open): it is for our children */

	for (int to = 0; fd >= 0 && to <= 2; to++)
		if (fd != to)
			dup2(fd, to);
	if (fd > 2)
		close(fd);
}

/* ---- 2. modules ---- */

static void load_module(struct boot *b, const char *path)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct err err = {0};

	if (fd >= 0 && (syscall(SYS_finit_module, fd, "", 0) == 0 || errno == EEXIST))
		return;
	err_errno(&err, "cannot load the module '%s'", path);
	boot_warn(b, err.text);
}

static void load_modules(struct boot *b)
{
	cleanup_buf struct buf list = {0};

	if (!file_exists(BOOT_MODULES_LIST) || file_read(BOOT_MODULES_LIST, LIST_MAX, &list, NULL) < 0)
		return;
	for (char *p = strtok(list.data, "\n"); p; p = strtok(NULL, "\n"))
		load_module(b, p);
}

/* What a container's image says of its commands is read as long as the initramfs is there. */
static void take_run(void)
{
	cleanup_buf struct buf run = {0};

	if (file_exists(BOOT_RUN) && file_read(BOOT_RUN, RUN_MAX, &run, NULL) == 0)
		environment_take(&run);
}

static void take_users(struct buf *users)
{
	if (file_exists(BOOT_USERS))
		(void)file_read(BOOT_USERS, RUN_MAX, users, NULL);
}

/* ---- 3. the kit guest ---- */

static void set_up_kit(struct boot *b)
{
	static const char *const links[][2] = {
		{"/proc/self/fd", "/dev/fd"},
		{"/proc/self/fd/0", "/dev/stdin"},
		{"/proc/self/fd/1", "/dev/stdout"},
		{"/proc/self/fd/2", "/dev/stderr"},
	};
	struct err err = {0};

	for (size_t i = 0; i < ARRAY_SIZE(kit_places); i++)
		if (mount_place(&kit_places[i], &err) < 0 && strcmp(kit_places[i].type, "cgroup2"))
			boot_warn(b, err.text);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		(void)symlink(links[i][0], links[i][1]);
	(void)file_make_dirs("/root", NULL);
	net_up_loopback();
	(void)reboot(RB_DISABLE_CAD); /* Ctrl-Alt-Del is a SIGINT to the init, which then resets the machine (power.c) */
	b->init = "agent";
	b->is_init = true;
}

/* ---- 4. the image's init ---- */

static const char *const usual_inits[] = {BOOT_INITS};

/* Say why @path, which is there, cannot be run. */
static void describe_bad_init(const char *path, struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	struct stat st;

	if (n > 0 && stat(path, &st) < 0) {
		target[n] = '\0';
		err_errno(err, "cannot run the init '%s': it is a link to '%s'", path, target);
	} else {
		errno = stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? EISDIR : EACCES;
		err_errno(err, "cannot run the init '%s'", path);
	}
}

/* Return: whether @path is a file that may be executed. */
static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/*
 * Find the init that the command line names, or else one in a usual place. A usual
 * one that is there and cannot be run is a warning: the image meant to have it.
 *
 * Return: the init, which the caller frees; NULL when the image has none, with @err
 * set when the one that was named cannot be run
 */
static char *find_init(struct boot *b, const char *cmdline, struct err *err)
{
	cleanup_free char *named = cmdline_get(cmdline, BOOT_INIT);
	struct err warning = {0};
	struct stat st;

	if (named && !is_program(named))
		describe_bad_init(named, err);
	if (named)
		return is_program(named) ? steal(named) : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(usual_inits); i++) {
		if (is_program(usual_inits[i]))
			return xstrdup(usual_inits[i]);
		if (lstat(usual_inits[i], &st) < 0)
			continue;
		describe_bad_init(usual_inits[i], &warning);
		boot_warn(b, warning.text);
	}
	return NULL;
}

/* NixOS's init is a script that makes /etc and the like, and becomes systemd. */
static bool is_script_of_systemd(const char *path)
{
	cleanup_buf struct buf text = {0};

	return file_read(path, LIST_MAX, &text, NULL) == 0 && text_starts(buf_str(&text), "#!") && strstr(text.data, "systemd");
}

/* Return: the name of an init as HELLO tells it; of one that runs already, sd_booted(3) knows. */
static const char *init_kind(const char *path)
{
	static const char *const openrc[] = {BOOT_OPENRC};
	char real[PATH_MAX];
	const char *program = realpath(path, real) ? path_base(real) : "";

	if (file_exists("/run/systemd/system") || !strcmp(program, "systemd") || is_script_of_systemd(path))
		return "systemd";
	for (size_t i = 0; i < ARRAY_SIZE(openrc); i++)
		if (file_exists(openrc[i]))
			return "openrc";
	if (strcmp(program, "busybox") && file_exists(BOOT_SYSV_TAB) && file_exists(BOOT_SYSV_RC))
		return "sysv"; /* BusyBox's init has an inittab, too, and no run level that could be waited for */
	return path;
}

/* The child: out of the way of the init's job control, its killing spree and the OOM killer. */
static void become_agent(char **argv)
{
	cleanup_fd int fd = -1;

	setsid();
	argv[0][0] = '@';
	prctl(PR_SET_NAME, "vmtap-agent");
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, "-1000", 5);
}

/* The child waits at a pipe that closes when the init has been executed. */
int boot_become_init(char *path, char **argv, char **envp, struct err *err)
{
	char *own = argv[0];
	int pipe[2];
	char failed;
	pid_t pid;

	if (pipe2(pipe, O_CLOEXEC) < 0)
		return err_errno(err, "cannot create a pipe");
	pid = fork();
	if (pid < 0)
		return err_errno(err, "cannot fork");
	if (pid == 0) {
		close(pipe[1]);
		if (read(pipe[0], &failed, 1) > 0)
			_exit(1);
		close(pipe[0]);
		become_agent(argv);
		return 0;
	}
	argv[0] = path;
	execve(path, argv, envp);
	argv[0] = own;
	err_errno(err, "cannot run the init '%s'", path);
	if (errno == ENOENT)
		err_hint(err, "the program that it needs as its interpreter is missing");
	(void)!write(pipe[1], "", 1);
	close(pipe[0]);
	close(pipe[1]);
	waitpid(pid, NULL, 0);
	return -1;
}

/* Return: 0 in the process that is the agent, or -1 when the init that was asked for cannot be run. */
static int hand_over(struct boot *b, const char *cmdline, char **argv, char **envp, struct err *err)
{
	cleanup_free char *named = cmdline_get(cmdline, BOOT_INIT);
	size_t before = b->warnings.len;
	struct err why = {0};
	char *path = find_init(b, cmdline, &why);

	if (path) {
		environment_suit_root();
		b->init = init_kind(path); /* for good: it may be @path */
		machine_id_look();
		if (boot_become_init(path, argv, envp, &why) == 0)
			return 0;
		if (!named)
			boot_warn(b, why.text);
	}
	if (named) {
		*err = why;
		return -1;
	}
	if (b->warnings.len > before)
		boot_warn(b, "the image's init does not run: vmtap's own does");
	set_up_kit(b);
	return 0;
}

/* What the script declares to be in the root: one that is kept has had it since its first life. */
static int furnish(struct boot *b, struct buf *users, struct carried *files, struct err *err)
{
	if (!root_is_new()) {
		carried_drop(files);
		return 0;
	}
	if (users->len)
		users_make(users, b);
	return carried_put(files, err);
}

void boot_join(struct boot *b, char **argv)
{
	const char *init = "/sbin/init";

	b->guest = true;
	umask(022);
	(void)!chdir("/");
	if (argv)
		become_agent(argv);
	signals_reset(); /* a unit of systemd ignores SIGPIPE, what a shell starts with '&' SIGINT; our children are to have them */
	for (size_t i = 0; i < ARRAY_SIZE(usual_inits); i++)
		if (is_program(usual_inits[i])) {
			init = usual_inits[i];
			break;
		}
	b->init = init_kind(init);
	environment_suit_root();
	/* The program goes on; its volume need be seen by nobody any more, nor be busy when all is unmounted. */
	(void)umount2(BOOT_SEED_MOUNT, MNT_DETACH);
	(void)rmdir(BOOT_SEED_MOUNT);
}

int boot_run(struct boot *b, char **argv, char **envp, struct err *err)
{
	cleanup_buf struct buf cmdline = {0}, users = {0};
	struct carried files;
	struct root_spec spec;
	bool is_kit;
	int result;

	umask(022);
	if (file_exists("/" BOOT_FRONT_PROC))
		return front_run(b, argv, envp, err);
	if (mount_first(err) < 0)
		return -1;
	open_console();
	load_modules(b);
	take_run();
	if (carried_take(&files, err) < 0)
		return -1;
	take_users(&users);
	if (file_read("/proc/cmdline", LIST_MAX, &cmdline, err) < 0)
		return -1;
	spec = (struct root_spec){
		.serial = cmdline_get(buf_str(&cmdline), BOOT_ROOT),
		.fstype = cmdline_get(buf_str(&cmdline), BOOT_ROOT_FSTYPE),
		.part = cmdline_get(buf_str(&cmdline), BOOT_ROOT_PART),
		.modules = cmdline_get(buf_str(&cmdline), BOOT_MODULES),
		.changes = cmdline_get(buf_str(&cmdline), BOOT_CHANGES),
	};
	is_kit = !spec.serial;
	if (is_kit)
		(void)chmod("/", 0755); /* the kernel makes the initramfs 1777 */
	result = is_kit && !spec.changes ? 0 : root_enter(&spec, b, err);
	free(spec.serial);
	free(spec.fstype);
	free(spec.part);
	free(spec.modules);
	free(spec.changes);
	if (result == 0 && is_kit)
		set_up_kit(b);
	if (result == 0)
		result = furnish(b, &users, &files, err);
	return result < 0 || is_kit ? result : hand_over(b, buf_str(&cmdline), argv, envp, err);
}
