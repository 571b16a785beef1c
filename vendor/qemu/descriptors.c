/* descriptors.c - what is open in a process that is to be frozen */
#include "qemu/osdep.h"

#include <sys/socket.h>

#include "frozen.h"

#define FDINFO_MAX 4096

/* Read a small file of /proc. Return: whether it fits into @out, which is then a string. */
static bool read_text(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0 || (size_t)n == size - 1)
		return false;
	out[n] = '\0';
	return true;
}

/* "lock:\t1: OFDLCK ADVISORY  READ -1 fe:00:1234 100 101", a line each; the last one is the end, or EOF. */
static bool parse_locks(const char *info, struct frozen_fd *out)
{
	for (const char *p = info; (p = strstr(p, "lock:\t")) != NULL; p++) {
		struct frozen_lock *lock = &out->locks[out->nlocks];
		char style[16], mode[16], end[24];
		unsigned long long start;

		if (out->nlocks == FROZEN_LOCKS_MAX ||
		    sscanf(p, "lock:\t%*s %15s %*s %15s %*s %*s %llu %23s", style, mode, &start, end) != 4 ||
		    strcmp(style, "OFDLCK") != 0)
			return false;
		lock->start = start;
		lock->length = strcmp(end, "EOF") == 0 ? 0 : strtoull(end, NULL, 10) - start + 1;
		lock->write = strcmp(mode, "WRITE") == 0;
		out->nlocks++;
	}
	return true;
}

static bool parse_signals(const char *info, struct frozen_fd *out)
{
	const char *p = strstr(info, "sigmask:\t");

	if (p)
		out->value = strtoull(p + strlen("sigmask:\t"), NULL, 16);
	return p != NULL;
}

static const char *describe_file(const struct stat *st, const char *info, struct frozen_fd *out)
{
	if (!S_ISREG(st->st_mode) && !S_ISBLK(st->st_mode) && !S_ISCHR(st->st_mode))
		return "it has a descriptor of a kind that cannot be made anew (a folder, inotify, timerfd, ...)";
	out->kind = isatty((int)out->number) ? FROZEN_FD_GIVEN : FROZEN_FD_FILE;
	out->value = S_ISREG(st->st_mode) ? (uint64_t)lseek((int)out->number, 0, SEEK_CUR) : 0;
	out->size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
	return parse_locks(info, out) ? NULL : "a file of it has locks that are not known here";
}

/* Return: why it cannot be renewed, or NULL. */
static const char *describe(int fd, struct frozen_fd *out)
{
	char path[64], info[FDINFO_MAX];
	socklen_t size = sizeof(out->type);
	struct stat st;
	ssize_t n;

	*out = (struct frozen_fd){.number = (uint32_t)fd};
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, out->path, sizeof(out->path) - 1);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (n < 0 || (size_t)n == sizeof(out->path) - 1 || fstat(fd, &st) < 0 || !read_text(path, info, sizeof(info)))
		return "a descriptor of it cannot be examined";
	out->flags = (uint32_t)fcntl(fd, F_GETFL);
	out->close_on_exec = fcntl(fd, F_GETFD) & FD_CLOEXEC;
	out->mode = st.st_mode & S_IFMT;
	if (fd <= STDERR_FILENO)
		out->kind = FROZEN_FD_STANDARD;
	else if (S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode))
		out->kind = FROZEN_FD_GIVEN;
	else if (strcmp(out->path, "anon_inode:[eventfd]") == 0)
		out->kind = FROZEN_FD_EVENT;
	else if (strcmp(out->path, "anon_inode:[signalfd]") == 0)
		out->kind = FROZEN_FD_SIGNAL;
	else
		return describe_file(&st, info, out);
	if (S_ISSOCK(st.st_mode) && getsockopt(fd, SOL_SOCKET, SO_TYPE, &out->type, &size) < 0)
		return "a socket of it cannot be examined";
	if (out->kind == FROZEN_FD_SIGNAL && !parse_signals(info, out))
		return "a signalfd of it cannot be examined";
	return NULL;
}

static bool is_among(int fd, const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] == fd)
			return true;
	return false;
}

static bool is_of_order(const struct frozen_order *o, int fd)
{
	return fd == o->image || fd == o->said || fd == o->stands || is_among(fd, o->bases, o->nbases) ||
	       is_among(fd, o->own, o->nown);
}

bool frozen_is_content(const struct frozen_order *o, int fd)
{
	struct stat st, own;

	if (is_of_order(o, fd) || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	for (uint32_t i = 0; i < o->nown; i++)
		if (fstat(o->own[i], &own) == 0 && own.st_dev == st.st_dev && own.st_ino == st.st_ino)
			return true;
	return st.st_nlink == 0;
}

static bool is_same_file(const struct frozen_fd *a, const struct frozen_fd *b)
{
	struct stat x, y;

	return fstat((int)a->number, &x) == 0 && fstat((int)b->number, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* What is in @out[@n], a file, may be a part of the image. */
static void look_for_content(const struct frozen_order *o, struct frozen_fd *out, uint32_t n)
{
	if (out[n].kind != FROZEN_FD_FILE || !frozen_is_content(o, (int)out[n].number))
		return;
	out[n].kind = FROZEN_FD_CONTENT;
	for (uint32_t i = 0; i < n; i++)
		if (out[i].kind == FROZEN_FD_CONTENT && is_same_file(&out[i], &out[n])) {
			out[n].kind = FROZEN_FD_AGAIN;
			out[n].place = out[i].number;
		}
}

int frozen_list_fds(const struct frozen_order *o, struct frozen_fd *out, uint32_t *n, uint32_t room, const char **why)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;

	*n = 0;
	*why = dir ? NULL : "/proc cannot be read";
	while (!*why && (e = readdir(dir)) != NULL) {
		int fd = atoi(e->d_name);

		if (e->d_name[0] == '.' || fd == dirfd(dir) || is_of_order(o, fd))
			continue;
		*why = *n == room ? "it has too many descriptors" : describe(fd, &out[*n]);
		if (!*why)
			look_for_content(o, out, *n);
		*n += 1;
	}
	if (dir)
		closedir(dir);
	return *why ? -1 : 0;
}
