/* probe.c - questions to a QEMU that its exit status answers, each asked once */
#include "qemu/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "qemu/remember.h"

#define FACTS_MAX  256	 /* bytes of what is remembered: "FACTS yes" or "FACTS no" */
#define STATUS_MAX 65536 /* bytes of /proc/self/status */

static bool ask(const struct proc_spec *p)
{
	cleanup_fd int pidfd = -1;
	pid_t pid = proc_start(p, &pidfd, NULL);

	return pid > 0 && proc_ends_well(pid, pidfd, PROBE_PATIENCE_MS);
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

bool probe_qemu(const char *state_dir, const char *question, const struct proc_spec *p)
{
	cleanup_free char *facts = find_facts(p->path), *answer = NULL;
	cleanup_buf struct buf known = {0};
	size_t n = facts ? strlen(facts) : 0;
	bool works;

	if (facts && remember_get(state_dir, question, FACTS_MAX, &known) && text_starts(buf_str(&known), facts) &&
	    known.data[n] == ' ')
		return strcmp(known.data + n + 1, "yes") == 0;
	works = ask(p);
	if (facts) {
		answer = xasprintf("%s %s", facts, works ? "yes" : "no");
		remember_put(state_dir, question, answer);
	}
	return works;
}

void probe_forget(const char *state_dir, const char *question)
{
	remember_forget(state_dir, question);
}
