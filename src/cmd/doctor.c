/* doctor.c - `vmtap doctor`: what works here, what does not, and how to mend it
 *
 * Each check is one line for a person, or with --json one object for a program. The last, --boot, boots a guest: all others
 * only look at what a boot needs.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/host.h"
#include "base/mem.h"
#include "base/proc.h"
#include "cmd/cmd.h"
#include "cmd/limits.h"
#include "cmd/visit.h"
#include "cmd/work.h"
#include "qemu/confine.h"
#include "report/events.h"

#define SPACE_WANTED_MB 500 /* an image of a Debian root and what comes with it */

/**
 * struct doctor - An examination
 * @said:	Checks that were told
 * @bad:	Some of them are
 */
struct doctor {
	int boot, json;
	struct settings s;
	size_t said;
	bool bad;
};

const struct option cmd_doctor_options[] = {
	{"boot", 0, OPTION_FLAG, NULL, offsetof(struct doctor, boot), "boot a guest, too, and say how long that takes"},
	{"json", 0, OPTION_FLAG, NULL, offsetof(struct doctor, json), "say it as JSON, for programs"},
	{0},
};

static void say_json(struct doctor *d, bool good, const char *what, const char *detail, size_t n, const char *hint)
{
	cleanup_free char *text = xstrndup(detail, n);
	cleanup_buf struct buf out = {0};

	buf_addf(&out, "%s\n {\"name\":\"%s\",\"ok\":%s,\"text\":", d->said ? "," : "", what, good ? "true" : "false");
	events_add_string(&out, text);
	if (hint) {
		buf_adds(&out, ",\"hint\":");
		events_add_string(&out, hint);
	}
	buf_addc(&out, '}');
	fputs(out.data, stdout);
}

/* Tell what came of a check. @detail: a line, and another with what would help, if there is something. */
static void say(struct doctor *d, bool good, const char *what, const char *detail)
{
	const size_t n = strcspn(detail, "\n");
	const char *hint = detail[n] ? detail + n + 1 : NULL;

	if (d->json) {
		say_json(d, good, what, detail, n, hint);
	} else {
		printf("%s  %-12s %.*s\n", good ? "ok " : "BAD", what, (int)n, detail);
		if (hint)
			printf("     %-12s -> %s\n", "", hint);
	}
	fflush(stdout); /* what follows may take a while, and forks */
	d->said++;
	d->bad |= !good;
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
static void check_bundle(struct doctor *d)
{
	const struct bundle *b = &d->s.bundle;
	cleanup_free char *text = NULL;
	unsigned long long unpacked = 0;

	if (b->fd < 0)
		return;
	for (size_t i = 0; i < b->count; i++)
		unpacked += b->files[i].size;
	text = xasprintf("'%s': %zu files, %llu MB unpacked", b->path, b->count, unpacked / 1000000);
	say(d, true, "bundle", text);
}

static void check_kernel(struct doctor *d)
{
	struct utsname u;
	cleanup_free char *text = NULL;

	text = xasprintf("Linux %s", uname(&u) == 0 ? u.release : "of an unknown release");
	say(d, !host_fault(), "kernel", host_fault() ? host_fault() : text);
}

static void check_qemu(struct doctor *d)
{
	const char *qemu = d->s.qemu;
	cleanup_free char *version = qemu ? qemu_version(qemu) : NULL;
	cleanup_free char *text = NULL;

	if (!qemu) {
		say(d, false, "QEMU", d->s.qemu_missing);
		return;
	}
	text = version ? xasprintf("%s (%s)", qemu, version)
		       : xasprintf("'%s' does not answer --version\nset VMTAP_QEMU to a QEMU 7.2 or newer", qemu);
	say(d, version != NULL, "QEMU", text);
}

/* Without it machines run all the same. */
static void check_sandbox(struct doctor *d)
{
	if (!d->s.qemu)
		return;
	confine_forget(d->s.store);
	say(d, true, "sandbox",
	    confine_sandbox_works(d->s.store, d->s.qemu)
		    ? "QEMU gives up the system calls that it does not need"
		    : "QEMU may make any system call: it, or the kernel, has no filter for them\n"
		      "a QEMU that was built with --enable-seccomp has one");
}

/* Slow is not bad: TCG works everywhere. */
static void check_accel(struct doctor *d)
{
	struct accel a;
	struct err err = {0};
	cleanup_free char *text = NULL;

	accel_forget_canary(d->s.store); /* the doctor is asked for what is true now, not for what was found before */
	if (accel_choose(NULL, d->s.store, &a, &err) < 0) {
		say(d, false, "accelerator", err.text);
		return;
	}
	text = xasprintf("%s: %s%s%s", accel_names[a.kind], a.reason, a.hint[0] ? "\n" : "", a.hint);
	say(d, true, "accelerator", text);
}

static void check_kit(struct doctor *d)
{
	const char *kit = d->s.kit;
	cleanup_free char *kernel = kit ? path_join(kit, "vmlinuz") : NULL;
	cleanup_free char *text = NULL;

	if (kit && !file_exists(kernel))
		text = xasprintf("'%s' has no vmlinuz\nset VMTAP_KIT to the kit's folder, or run `make kit`", kit);
	say(d, kit && !text, "kit", text ? text : kit ? kit : d->s.kit_missing);
}

static void check_store(struct doctor *d)
{
	const char *store = d->s.store;
	struct err err = {0};
	struct statvfs fs;
	cleanup_free char *text = NULL;
	unsigned long long mb;

	if (file_make_dirs(store, &err) < 0 || access(store, W_OK) < 0) {
		text = xasprintf("'%s' cannot be written\nset VMTAP_CACHE to a folder that can", store);
		say(d, false, "cache", text);
		return;
	}
	if (statvfs(store, &fs) < 0) {
		say(d, false, "cache", store);
		return;
	}
	mb = (unsigned long long)fs.f_bavail * fs.f_frsize / (1024 * 1024);
	text = xasprintf("%s, %llu MB free%s", store, mb,
			 mb < SPACE_WANTED_MB ? "\nimages of whole systems need some hundred MB" : "");
	say(d, mb >= SPACE_WANTED_MB, "cache", text);
}

/* ---- a boot ---- */

/* Ready a script with one BusyBox guest that boots, and is not copied. Return: 0, or -1. */
static int plan_boot(struct doctor *d, struct plan *p, struct accel *accel, struct err *err)
{
	const struct visit_options options = {.cold = 1};
	char *path = visit_keep_script("vm(guest);\ntest(\"boot\") { guest.start(); }\n", err);

	if (!path)
		return -1;
	plan_make(p, path);
	if (p->files[0].error)
		return err_set(err, "%s", p->files[0].error);
	plan_describe(&p->files[0], &d->s);
	if (visit_prepare(&p->files[0], &d->s, &options, accel, err) < 0)
		return -1;
	limits_set(&p->files[0].world, &d->s, 0, 0);
	return 0;
}

/* Boot it, under TCG when KVM's promise was empty. Return: why that failed, or NULL; owned by @out. */
static const char *boot(struct doctor *d, struct plan *p, struct accel *accel, double *seconds, struct world_outcome *out)
{
	uint64_t begun = clock_now();

	work_test(&p->tests[0], out);
	if (out->kvm_failed && accel->kind == ACCEL_KVM && !accel->demanded) {
		accel_remember_failure(accel, d->s.store, out->kvm_failed);
		limits_set(&p->files[0].world, &d->s, 0, 0);
		world_outcome_free(out);
		begun = clock_now();
		work_test(&p->tests[0], out);
	}
	*seconds = (double)(clock_now() - begun) / (double)NS_PER_S;
	if (out->result.verdict == VERDICT_PASSED)
		return NULL;
	return out->result.reason ? out->result.reason : "no reason given";
}

static void check_boot(struct doctor *d)
{
	struct world_outcome out = {0};
	struct accel accel;
	struct plan p;
	struct err err = {0};
	cleanup_free char *text = NULL;
	const char *why;
	double seconds;

	if (plan_boot(d, &p, &accel, &err) < 0) {
		say(d, false, "boot", err.text);
		return;
	}
	why = boot(d, &p, &accel, &seconds, &out);
	text = why ? xstrdup(why) : xasprintf("a guest was up and gone again in %.2f s (%s)", seconds, accel_names[accel.kind]);
	say(d, !why, "boot", text);
	world_outcome_free(&out);
}

/* ---- all of it ---- */

static void examine(struct doctor *d)
{
	struct err err = {0};

	if (settings_read(&d->s, &err) < 0) {
		say(d, false, d->s.damaged ? "bundle" : "environment", err.text);
		return;
	}
	settings_provide(&d->s);
	check_kernel(d);
	check_bundle(d);
	check_qemu(d);
	check_sandbox(d);
	check_accel(d);
	check_kit(d);
	check_store(d);
	if (d->boot)
		check_boot(d);
}

int cmd_doctor(char **argv)
{
	struct doctor d = {0};
	int n, status = cmd_parse("doctor", cmd_doctor_options, &d, argv, &n);

	if (status >= 0)
		return status;
	if (n)
		return cmd_wrong_operand("doctor", argv[0]);
	if (d.json)
		fputs("{\"schema\":1,\"vmtap\":\"" VMTAP_VERSION "\",\"checks\":[", stdout);
	examine(&d);
	if (d.json)
		printf("],\n\"ok\":%s}\n", d.bad ? "false" : "true");
	return d.bad ? EXIT_INFRA : EXIT_PASSED;
}
