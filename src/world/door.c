/* door.c - a socket by which people come to the machines of a world, as a file that goes when the world does */
#include "world/door.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#define BACKLOG	     8	 /* who has knocked and was not taken in yet */
#define LOCK_TRIES   200 /* for the folder's lock, which nobody holds for longer than a few system calls ... */
#define LOCK_WAIT_MS 10	 /* ... with so many ms between them */

/* ---- the folder ---- */

static char *folder_of_runtime(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	return runtime && *runtime == '/' && file_is_folder(runtime) ? path_join(runtime, "vmtap") : NULL;
}

static char *folder_of_tmp(void)
{
	return xasprintf("/tmp/vmtap-%u.kept", (unsigned)geteuid());
}

char *door_folder(void)
{
	char *folder = folder_of_runtime();

	return folder ? folder : folder_of_tmp();
}

/* Another user could have made it first, or a link in its place. Return: whether it is ours, and only ours. */
static bool is_private(int folder)
{
	struct stat st;

	return fstat(folder, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & (S_IRWXG | S_IRWXO));
}

/* Return: a descriptor of the folder, locked, which the caller closes; -1 with errno. */
static int lock_folder(const char *path)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (!is_private(fd)) {
		errno = EPERM;
		return -1;
	}
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK || i == LOCK_TRIES)
			return -1;
		poll(NULL, 0, LOCK_WAIT_MS);
	}
	return fd_steal(&fd);
}

/* ---- sockets ---- */

static int set_address(struct sockaddr_un *a, const char *path)
{
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(a->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(a->sun_path, path, strlen(path) + 1);
	return 0;
}

static int new_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/*
 * Without waiting for a world that takes nobody in: it may stand still, and the folder is locked.
 *
 * Return: a connection; -1 with errno, ECONNREFUSED when nobody listens any more, EAGAIN when too many wait there
 */
static int connect_to(const char *path)
{
	struct sockaddr_un a;
	cleanup_fd int fd = set_address(&a, path) < 0 ? -1 : new_socket();

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || fd_set_nonblock(fd, 0) < 0)
		return -1;
	return fd_steal(&fd);
}

/* With the folder locked. Return: whether there is no door of that name any more. */
static bool clear_dead(const char *path)
{
	cleanup_fd int fd = connect_to(path);

	return fd < 0 && (errno == ENOENT || (errno == ECONNREFUSED && unlink(path) == 0));
}

/* With the folder locked. Return: 0; 1 when the name is taken; -1 with errno. */
static int try_number(struct door *d, const char *folder, int number)
{
	struct sockaddr_un a;
	struct stat st;
	mode_t mask;
	int r;

	d->path = xasprintf("%s/%d", folder, number);
	if (set_address(&a, d->path) < 0)
		return -1;
	if (!clear_dead(d->path))
		return 1;
	d->fd = new_socket();
	mask = umask(S_IXUSR | S_IRWXG | S_IRWXO);
	r = d->fd < 0 ? -1 : bind(d->fd, (struct sockaddr *)&a, sizeof(a));
	umask(mask);
	if (r < 0 || listen(d->fd, BACKLOG) < 0 || lstat(d->path, &st) < 0)
		return -1;
	d->device = st.st_dev;
	d->inode = st.st_ino;
	return 0;
}

/* With the folder locked. Return: as above. */
static int take_number(struct door *d, const char *folder)
{
	int r = 1;

	for (int i = 1; i <= DOOR_NUMBERS && r == 1; i++) {
		free(d->path);
		d->path = NULL;
		fd_close(&d->fd);
		r = try_number(d, folder, i);
	}
	return r;
}

/* ---- the end ---- */

/* Remove the file, if it still is the door's, and the folder, if it is empty. */
static void remove_file(const struct door *d)
{
	cleanup_free char *folder = path_dir(d->path);
	cleanup_fd int lock = lock_folder(folder);
	struct stat st;

	if (lstat(d->path, &st) == 0 && st.st_dev == d->device && st.st_ino == d->inode)
		unlink(d->path);
	if (lock >= 0)
		rmdir(folder);
}

static _Noreturn void be_janitor(const struct door *d, int pipe)
{
	char byte;

	setsid();
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_IGN);
	fd_close_all(0, pipe - 1);
	fd_close_all(pipe + 1, INT_MAX);
	while (read(pipe, &byte, 1) < 0 && errno == EINTR)
		;
	remove_file(d);
	_exit(0);
}

static int start_janitor(struct door *d)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	d->rope = fds[1];
	d->janitor = fork();
	if (d->janitor == 0)
		be_janitor(d, fds[0]);
	close(fds[0]);
	return d->janitor < 0 ? -1 : 0;
}

void door_close(struct door *d)
{
	if (d->path && d->inode)
		remove_file(d);
	fd_close(&d->fd);
	fd_close(&d->rope);
	if (d->janitor > 0) {
		kill(d->janitor, SIGKILL);
		while (waitpid(d->janitor, NULL, 0) < 0 && errno == EINTR)
			;
	}
	free(d->path);
	*d = (struct door){.fd = -1, .rope = -1};
}

/* ---- opening ---- */

int door_open(struct door *d, struct err *err)
{
	cleanup_free char *folder = door_folder();
	cleanup_fd int lock = -1;
	int r;

	*d = (struct door){.fd = -1, .rope = -1};
	for (int i = 0; i < 3 && lock < 0; i++) { /* another's janitor may remove the folder that was just made */
		if (mkdir(folder, S_IRWXU) < 0 && errno != EEXIST)
			return err_errno(err, "cannot make folder '%s'", folder);
		lock = lock_folder(folder);
		if (lock < 0 && errno != ENOENT)
			break;
	}
	if (lock < 0 && errno == EPERM)
		return err_set(err, "'%s' is not a folder that only this user can enter", folder);
	if (lock < 0)
		return err_errno(err, "cannot use folder '%s'", folder);
	r = take_number(d, folder);
	if (r == 0 && start_janitor(d) == 0)
		return 0;
	if (r > 0)
		err_set(err, "all %d numbers in '%s' are taken", DOOR_NUMBERS, folder);
	else
		err_errno(err, "cannot make a socket in '%s'", folder);
	rmdir(folder); /* if it is empty */
	fd_close(&lock); /* which door_close() takes */
	door_close(d);
	return -1;
}

int door_accept(const struct door *d)
{
	cleanup_fd int fd = accept4(d->fd, NULL, NULL, SOCK_CLOEXEC);
	struct ucred who;
	socklen_t n = sizeof(who);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0)
		return -1;
	errno = EPERM;
	return who.uid == geteuid() || who.uid == 0 ? fd_steal(&fd) : -1;
}

/* ---- for who comes ---- */

static void list_folder(const char *folder, struct buf *out)
{
	cleanup_fd int lock = lock_folder(folder);

	if (lock < 0)
		return;
	for (int i = 1; i <= DOOR_NUMBERS; i++) {
		cleanup_free char *path = xasprintf("%s/%d", folder, i);

		if (!clear_dead(path))
			buf_addf(out, "%s\n", path);
	}
	rmdir(folder); /* if it is empty */
}

void door_list(struct buf *out)
{
	cleanup_free char *runtime = folder_of_runtime(), *tmp = folder_of_tmp();
	cleanup_free char *usual = xasprintf("/run/user/%u/vmtap", (unsigned)geteuid());

	if (runtime) {
		list_folder(runtime, out);
		return;
	}
	list_folder(usual, out); /* of a run that had the variable */
	list_folder(tmp, out);
}

int door_knock(const char *path, struct err *err)
{
	int fd = connect_to(path);

	if (fd >= 0)
		return fd;
	if (errno == ECONNREFUSED || errno == ENOENT)
		return err_set(err, "nothing is kept at '%s' any more", path);
	if (errno == EAGAIN)
		return err_set(err, "what is kept at '%s' lets nobody in: it stands still", path);
	return err_errno(err, "cannot connect to '%s'", path);
}
