/* doctor.c - `vmtap doctor`: what works here, what does not, and how to mend it */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/host.h"
#include "base/mem.h"
#include "base/proc.h"
#include "cmd/cmd.h"
#include "cmd/settings.h"
#include "qemu/accel.h"
#include "qemu/confine.h"

#define SPACE_WANTED_MB 500 /* an image of a Debian root and what comes with it */

/* One line of the report. Return: 1 when it is bad. */
static int say(bool good, const char *what, const char *detail)
{
	const char *rest = strchr(detail, '\n');

	printf("%s  %-12s %.*s\n", good ? "ok " : "BAD", what, (int)strcspn(detail, "\n"), detail);
	if (rest)
		printf("     %-12s -> %s\n", "", rest + 1);
	return !good;
}

/* Return: the first line that `qemu --version` prints, or NULL, as when it takes longer than CONFINE_PATIENCE_MS; the caller frees it. */
static char *qemu_version(const char *qemu)
{
	char *argv[] = {(char *)qemu, "--version", NULL};
	struct proc_spec p = {.path = qemu, .argv = argv};
	cleanup_free char **environment = confine_environment(environ);
	cleanup_fd int in = -1, pidfd = -1;
	char text[256] = "";
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return NULL;
	in = fds[0];
	confine_process(&p, environment);
	p.fds[p.nfds++] = (struct proc_fd){.from = fds[1], .to = 1};
	pid = proc_start(&p, &pidfd, NULL);
	close(fds[1]);
	if (pid < 0)
		return NULL;
	/* All that it wrote is in the pipe; a process that it left behind may hold the other end. */
	if (!proc_ends_well(pid, pidfd, CONFINE_PATIENCE_MS) || fd_set_nonblock(in, 1) < 0)
		return NULL;
	if (read(in, text, sizeof(text) - 1) < 0 || !strstr(text, "version"))
		return NULL;
	return xstrndup(text, strcspn(text, "\n"));
}

/* Nothing is said of a vmtap that is no bundle. */
static int check_bundle(const struct settings *s)
{
	const struct bundle *b = &s->bundle;
	cleanup_free char *text = NULL;
	unsigned long long unpacked = 0;

	if (b->fd < 0)
		return 0;
	for (size_t i = 0; i < b->count; i++)
		unpacked += b->files[i].size;
	text = xasprintf("'%s': %zu files, %llu MB unpacked", b->path, b->count, unpacked / 1000000);
	return say(true, "bundle", text);
}

static int check_kernel(void)
{
	struct utsname u;
	cleanup_free char *text = NULL;

	if (host_fault())
		return say(false, "kernel", host_fault());
	text = xasprintf("Linux %s", uname(&u) == 0 ? u.release : "of an unknown release");
	return say(true, "kernel", text);
}

static int check_qemu(const struct settings *s)
{
	cleanup_free char *version = s->qemu ? qemu_version(s->qemu) : NULL;
	cleanup_free char *text = NULL;

	if (!s->qemu)
		return say(false, "QEMU", s->qemu_missing);
	text = version ? xasprintf("%s (%s)", s->qemu, version)
		       : xasprintf("'%s' does not answer --version\nset VMTAP_QEMU to a QEMU 7.2 or newer", s->qemu);
	return say(version != NULL, "QEMU", text);
}

/* Without it machines run all the same. */
static int check_sandbox(const struct settings *s)
{
	if (!s->qemu)
		return 0;
	confine_forget(s->store);
	if (confine_sandbox_works(s->store, s->qemu))
		return say(true, "sandbox", "QEMU gives up the system calls that it does not need");
	return say(true, "sandbox", "QEMU may make any system call: it, or the kernel, has no filter for them\n"
				    "a QEMU that was built with --enable-seccomp has one");
}

/* Slow is not bad: TCG works everywhere. */
static int check_accel(const struct settings *s)
{
	struct accel a;
	struct err err = {0};
	cleanup_free char *text = NULL;

	accel_forget_canary(s->store); /* the doctor is asked for what is true now, not for what was found before */
	if (accel_choose(NULL, s->store, &a, &err) < 0)
		return say(false, "accelerator", err.text);
	text = xasprintf("%s: %s%s%s", accel_names[a.kind], a.reason, a.hint[0] ? "\n" : "", a.hint);
	return say(true, "accelerator", text);
}

static int check_kit(const struct settings *s)
{
	cleanup_free char *kernel = s->kit ? path_join(s->kit, "vmlinuz") : NULL;
	cleanup_free char *text = NULL;

	if (!s->kit)
		return say(false, "kit", s->kit_missing);
	if (file_exists(kernel))
		return say(true, "kit", s->kit);
	text = xasprintf("'%s' has no vmlinuz\nset VMTAP_KIT to the kit's folder, or run `make kit`", s->kit);
	return say(false, "kit", text);
}

static int check_store(const struct settings *s)
{
	struct err err = {0};
	struct statvfs fs;
	cleanup_free char *text = NULL;
	unsigned long long mb;

	if (file_make_dirs(s->store, &err) < 0 || access(s->store, W_OK) < 0) {
		text = xasprintf("'%s' cannot be written\nset VMTAP_CACHE to a folder that can", s->store);
		return say(false, "cache", text);
	}
	if (statvfs(s->store, &fs) < 0)
		return say(false, "cache", s->store);
	mb = (unsigned long long)fs.f_bavail * fs.f_frsize / (1024 * 1024);
	text = xasprintf("%s, %llu MB free%s", s->store, mb,
			 mb < SPACE_WANTED_MB ? "\nimages of whole systems need some hundred MB" : "");
	return say(mb >= SPACE_WANTED_MB, "cache", text);
}

int cmd_doctor(char **argv)
{
	struct settings s;
	struct err err = {0};
	int bad, status = cmd_parse_nothing("doctor", argv);

	if (status >= 0)
		return status;
	if (settings_read(&s, &err) < 0) {
		say(false, s.damaged ? "bundle" : "environment", err.text);
		return EXIT_INFRA;
	}
	settings_provide(&s);
	bad = check_kernel() + check_bundle(&s) + check_qemu(&s) + check_sandbox(&s) + check_accel(&s) + check_kit(&s) +
	      check_store(&s);
	return bad ? EXIT_INFRA : EXIT_PASSED;
}
