/* door.c - sockets by which people come, and that they go with who has opened them */
#include "unit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "world/door.h"

static char runtime[64];

static void begin(void)
{
	snprintf(runtime, sizeof(runtime), "/tmp/vmtap-door-XXXXXX");
	CHECK(mkdtemp(runtime) != NULL);
	setenv("XDG_RUNTIME_DIR", runtime, 1);
}

static void end(void)
{
	CHECK_INT(rmdir(runtime), 0); /* nothing was left in it */
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 ? 0 : st.st_mode & 07777;
}

TEST(door, it_is_private_and_goes_when_it_is_closed)
{
	cleanup_free char *folder = NULL;
	struct door d;

	begin();
	folder = door_folder();
	CHECK_INT(door_open(&d, NULL), 0);
	CHECK_STR(path_base(d.path), "1");
	CHECK_INT(mode_of(d.path), 0600);
	CHECK_INT(mode_of(folder), 0700);
	door_close(&d);
	CHECK(!file_exists(folder));
	door_close(&d);
	end();
}

TEST(door, each_has_the_least_free_number)
{
	cleanup_buf struct buf list = {0};
	struct door a, b, c;

	begin();
	CHECK_INT(door_open(&a, NULL), 0);
	CHECK_INT(door_open(&b, NULL), 0);
	door_close(&a);
	CHECK_INT(door_open(&a, NULL), 0);
	CHECK_INT(door_open(&c, NULL), 0);
	CHECK_STR(path_base(a.path), "1");
	CHECK_STR(path_base(b.path), "2");
	CHECK_STR(path_base(c.path), "3");
	door_list(&list);
	CHECK_HAS(buf_str(&list), a.path);
	CHECK_HAS(buf_str(&list), c.path);
	door_close(&a);
	door_close(&b);
	door_close(&c);
	end();
}

TEST(door, who_knocks_is_taken_in)
{
	struct door d;
	int there, here;
	char byte = 0;

	begin();
	CHECK_INT(door_open(&d, NULL), 0);
	CHECK_INT(door_accept(&d), -1); /* nobody yet, and it does not wait */
	there = door_knock(d.path, NULL);
	here = door_accept(&d);
	CHECK(there >= 0 && here >= 0);
	CHECK_INT(fd_write_all(there, "x", 1), 0);
	CHECK_INT(read(here, &byte, 1), 1);
	CHECK_INT(byte, 'x');
	close(there);
	close(here);
	door_close(&d);
	end();
}

TEST(door, the_janitor_clears_up_after_a_kill)
{
	cleanup_free char *folder = NULL;
	pid_t pid;
	int status;

	begin();
	folder = door_folder();
	pid = fork();
	if (pid == 0) {
		struct door d;

		_exit(door_open(&d, NULL) < 0 || kill(getpid(), SIGKILL) < 0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status));
	for (int i = 0; i < 5000 && file_exists(folder); i++)
		usleep(1000);
	CHECK(!file_exists(folder));
	end();
}

TEST(door, one_that_takes_nobody_in_stops_nobody)
{
	cleanup_buf struct buf list = {0};
	int waiting[16], n = 0;
	struct err err = {0};
	struct door d, other;

	begin();
	CHECK_INT(door_open(&d, NULL), 0);
	while (n < (int)ARRAY_SIZE(waiting) && (waiting[n] = door_knock(d.path, &err)) >= 0)
		n++;
	CHECK(n > 1 && n < (int)ARRAY_SIZE(waiting));
	CHECK_HAS(err.text, "lets nobody in");
	door_list(&list);
	CHECK_HAS(buf_str(&list), d.path);
	CHECK_INT(door_open(&other, NULL), 0);
	CHECK_STR(path_base(other.path), "2");
	door_close(&other);
	while (n > 0)
		close(waiting[--n]);
	door_close(&d);
	end();
}

/* A socket that nobody listens at, as both leave it that are killed together. */
static void leave_dead(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	CHECK_INT(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
}

TEST(door, what_is_dead_is_removed)
{
	cleanup_free char *folder = NULL, *path = NULL;
	cleanup_buf struct buf list = {0};
	struct err err = {0};
	struct door d;

	begin();
	folder = door_folder();
	path = xasprintf("%s/1", folder);
	CHECK_INT(mkdir(folder, 0700), 0);
	leave_dead(path);
	CHECK_INT(door_knock(path, &err), -1);
	CHECK_HAS(err.text, "nothing is kept at");
	CHECK_INT(door_open(&d, NULL), 0);
	CHECK_STR(path_base(d.path), "1");
	door_close(&d);
	CHECK_INT(mkdir(folder, 0700), 0);
	leave_dead(path);
	door_list(&list);
	CHECK(!strstr(buf_str(&list), runtime));
	CHECK(!file_exists(folder));
	end();
}

TEST(door, a_folder_that_others_can_enter_is_refused)
{
	cleanup_free char *folder = NULL;
	struct err err = {0};
	struct door d;

	begin();
	folder = door_folder();
	CHECK_INT(mkdir(folder, 0700), 0);
	CHECK_INT(chmod(folder, 0755), 0);
	CHECK_INT(door_open(&d, &err), -1);
	CHECK_HAS(err.text, "is not a folder that only this user can enter");
	CHECK_INT(rmdir(folder), 0);
	CHECK_INT(symlink("/", folder), 0);
	CHECK_INT(door_open(&d, NULL), -1);
	CHECK_INT(unlink(folder), 0);
	end();
}

TEST(door, a_path_that_is_too_long_is_an_error)
{
	cleanup_free char *deep = NULL;
	struct err err = {0};
	struct door d;

	begin();
	deep = xasprintf("%s/%0100d", runtime, 0);
	CHECK_INT(mkdir(deep, 0700), 0);
	setenv("XDG_RUNTIME_DIR", deep, 1);
	CHECK_INT(door_open(&d, &err), -1);
	CHECK_HAS(err.text, "cannot make a socket in");
	CHECK_HAS(err.text, "ong"); /* "File name too long", "Filename too long" */
	CHECK_INT(rmdir(deep), 0);
	end();
}
