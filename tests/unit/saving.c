/* saving.c - a machine's state reaches its file, whichever way this QEMU wants to be asked */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "machine/saving.h"

#define REFUSED_FD  "fd: migration to a file is not supported. Use file: instead."
#define UNMIGRATABLE "State blocked by non-migratable device"

/* A QEMU that knows the control socket and nothing else. */
struct fake {
	int socket;
	bool fd, file; /* what it takes */
	const char *refusal;
	bool whole; /* it is asked for the memory, too, */
	bool stopped; /* and was told to stop */
	int got;  /* descriptor that was passed last */
};

/* Return: one line of the socket, with the descriptor that came with it; false at the end. */
static bool hear(struct fake *q, char line[256])
{
	char control[CMSG_SPACE(sizeof(int))];

	for (size_t n = 0; n < 255; n++) {
		struct iovec iov = {.iov_base = line + n, .iov_len = 1};
		struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};

		if (recvmsg(q->socket, &m, 0) != 1)
			return false;
		if (CMSG_FIRSTHDR(&m))
			memcpy(&q->got, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
		line[n + 1] = '\0';
		if (line[n] == '\n')
			return true;
	}
	return false;
}

static void answer(struct fake *q, const char *error)
{
	dprintf(q->socket, error ? "{\"error\":{\"class\":\"GenericError\",\"desc\":\"%s\"}}\r\n" : "{\"return\":{}}\r\n",
		error);
}

static void migrate(struct fake *q, const char *line)
{
	bool fd = strstr(line, "\"fd:state\""), file = strstr(line, "\"file:/dev/fdset/");

	if (q->stopped != q->whole) {
		answer(q, q->whole ? "the guest runs" : "the guest was stopped");
		return;
	}
	/* As monitor/fds.c has it: the mode has to be the one that is asked for. */
	if (file && q->file && (fcntl(q->got, F_GETFL) & O_ACCMODE) != O_WRONLY)
		answer(q, "Could not open '/dev/fdset/1': Permission denied");
	else if ((fd && q->fd) || (file && q->file))
		answer(q, write(q->got, "state", 5) == 5 ? NULL : "cannot write");
	else
		answer(q, fd ? q->refusal : "unknown migration protocol: file:/dev/fdset/1");
}

static void be_qemu(struct fake *q)
{
	char line[256];

	while (hear(q, line)) {
		q->stopped |= strstr(line, "\"stop\"") != NULL;
		if (strstr(line, "\"migrate\""))
			migrate(q, line);
		else if (strstr(line, "query-migrate"))
			dprintf(q->socket, "{\"return\":{\"status\":\"completed\"}}\r\n");
		else
			answer(q, NULL);
	}
	_exit(0);
}

struct saved {
	struct loop loop;
	int calls;
	char error[128];
};

static void done(void *arg, const char *error)
{
	struct saved *r = arg;

	r->calls++;
	snprintf(r->error, sizeof(r->error), "%s", error ? error : "");
	loop_stop(&r->loop);
}

/* Save into @fd. Return: why it failed, or "". */
static const char *save(struct fake q, int fd)
{
	static struct saved r;
	struct machine m = {0};
	struct saving s = {.machine = &m, .whole = q.whole, .fd = fd, .done = done, .arg = &r};
	struct err err = {0};
	int sockets[2];
	pid_t pid;

	r = (struct saved){0};
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	q.socket = sockets[1];
	pid = fork();
	if (pid == 0) {
		close(sockets[0]);
		be_qemu(&q);
	}
	close(sockets[1]);
	CHECK_INT(loop_init(&r.loop, &err), 0);
	m.loop = &r.loop;
	CHECK_INT(qmp_start(&m.qmp, &r.loop, sockets[0], &err), 0);
	saving_start(&s);
	CHECK_INT(loop_run(&r.loop, &err), 0);
	CHECK_INT(r.calls, 1);
	CHECK_INT(s.copy, -1);
	qmp_stop(&m.qmp);
	loop_free(&r.loop);
	waitpid(pid, NULL, 0);
	return r.error;
}

static bool is_saved(int fd)
{
	char text[6] = "";

	return pread(fd, text, 5, 0) == 5 && strcmp(text, "state") == 0;
}

TEST(saving, a_file_by_descriptor)
{
	cleanup_fd int fd = memfd_create("state", MFD_CLOEXEC);

	CHECK_STR(save((struct fake){.fd = true}, fd), "");
	CHECK(is_saved(fd));
}

TEST(saving, memory_is_written_of_a_machine_that_stands_still)
{
	cleanup_fd int fd = memfd_create("state", MFD_CLOEXEC);

	CHECK_STR(save((struct fake){.fd = true, .whole = true}, fd), "");
	CHECK(is_saved(fd));
}

TEST(saving, a_qemu_that_takes_no_file_by_descriptor_gets_it_by_name)
{
	cleanup_fd int fd = memfd_create("state", MFD_CLOEXEC);

	CHECK_STR(save((struct fake){.file = true, .refusal = REFUSED_FD}, fd), "");
	CHECK(is_saved(fd));
}

TEST(saving, the_first_refusal_is_the_reason)
{
	cleanup_fd int fd = memfd_create("state", MFD_CLOEXEC);

	CHECK_STR(save((struct fake){.refusal = UNMIGRATABLE}, fd), UNMIGRATABLE);
	CHECK(!is_saved(fd));
}
