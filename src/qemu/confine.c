/* confine.c - what QEMU is left with: variables, limits, system calls
 *
 * Theory of operation
 *
 * Whether -sandbox works cannot be read anywhere: QEMU's help names the option
 * in builds that lack it, and a build that has it fails where the kernel
 * refuses (some containers). So QEMU is run with it. `-cpu help` is the
 * question because QEMU answers it and ends right after the filter is
 * installed, before there is a machine: 20 ms.
 *
 * The answer holds for one file, as inode, size and time tell it from others,
 * until the host boots another kernel, and as long as we are under no filter,
 * or some filter, ourselves, and may or may not install one: a container on the
 * same cache is asked anew.
 */
#include "qemu/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "qemu/remember.h"

#define SANDBOX		"sandbox"	    /* in remember.h's folder: "FACTS yes" or "FACTS no" */
#define FACTS_MAX	256		    /* bytes of that */
#define DESCRIPTORS_MAX 1024		    /* QEMU has some forty, and a few more a disk of `.qemu` */
#define STATUS_MAX	65536		    /* bytes of /proc/self/status */

const char confine_sandbox[] = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

static const struct proc_limit limits[] = {
	{RLIMIT_CORE, 0},
	{RLIMIT_NOFILE, DESCRIPTORS_MAX},
};

/* ---- the environment ---- */

/* A name, or with a '*' all names that begin so. */
static const char *const kept[] = {"PATH", "HOME", "TMPDIR", "TZ", "LANG", "LC_*", "LD_LIBRARY_PATH", "QEMU_*"};

static bool is_kept(const char *variable)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		size_t n = strcspn(kept[i], "*");

		if (strncmp(variable, kept[i], n) == 0 && (kept[i][n] == '*' || variable[n] == '='))
			return true;
	}
	return false;
}

char **confine_environment(char *const *from)
{
	size_t n = 0, all = 0;
	char **out;

	while (from[all])
		all++;
	out = xcalloc(all + 1, sizeof(*out));
	for (; *from; from++)
		if (is_kept(*from))
			out[n++] = *from;
	return out;
}

void confine_process(struct proc_spec *p, char *const *environment)
{
	p->envp = environment;
	p->limits = limits;
	p->nlimits = ARRAY_SIZE(limits);
}

/* ---- the sandbox ---- */

/* Whether @pidfd's process ended with status 0, in time; otherwise it is killed. */
static bool ends_well(pid_t pid, int pidfd)
{
	bool in_time = fd_await(pidfd, clock_now() + CONFINE_PATIENCE_MS * NS_PER_MS);
	int status;

	proc_end(pid, pidfd, &status);
	return in_time && status == 0;
}

static bool ask(const char *qemu)
{
	char *argv[] = {(char *)qemu, "-sandbox", (char *)confine_sandbox, "-cpu", "help", NULL};
	struct proc_spec p = {.path = qemu, .argv = argv};
	cleanup_free char **environment = confine_environment(environ);
	cleanup_fd int pidfd = -1;
	pid_t pid;

	confine_process(&p, environment);
	pid = proc_start(&p, &pidfd, NULL);
	return pid > 0 && ends_well(pid, pidfd);
}

static bool is_program(const char *path)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char magic[4];

	return fd >= 0 && fd_read_full(fd, magic, sizeof(magic)) == sizeof(magic) && memcmp(magic, "\177ELF", 4) == 0;
}

/* The question that QEMU asks before it knows the option: a filter of no program, which is EFAULT (seccomp(2)). */
static bool may_filter(void)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, NULL) < 0 && errno == EFAULT;
}

/* Return: what the answer depends on, as one word; the caller frees it. NULL when it cannot be told. */
static char *find_facts(const char *qemu)
{
	cleanup_buf struct buf status = {0};
	const char *filter;
	struct stat st;

	if (!is_program(qemu) || stat(qemu, &st) < 0)
		return NULL;
	if (file_read("/proc/self/status", STATUS_MAX, &status, NULL) < 0)
		return NULL;
	filter = strstr(buf_str(&status), "\nSeccomp:\t");
	return xasprintf("%llx:%llu:%lld:%lld.%09ld:%c%c", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
			 (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
			 filter ? filter[strlen("\nSeccomp:\t")] : '-', may_filter() ? 'y' : 'n');
}

bool confine_sandbox_works(const char *state_dir, const char *qemu)
{
	cleanup_free char *facts = find_facts(qemu), *answer = NULL;
	cleanup_buf struct buf known = {0};
	size_t n = facts ? strlen(facts) : 0;
	bool works;

	if (facts && remember_get(state_dir, SANDBOX, FACTS_MAX, &known) && text_starts(buf_str(&known), facts) &&
	    known.data[n] == ' ')
		return strcmp(known.data + n + 1, "yes") == 0;
	works = ask(qemu);
	if (facts) {
		answer = xasprintf("%s %s", facts, works ? "yes" : "no");
		remember_put(state_dir, SANDBOX, answer);
	}
	return works;
}

void confine_forget(const char *state_dir)
{
	remember_forget(state_dir, SANDBOX);
}
