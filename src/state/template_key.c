/* template_key.c - all that shapes a machine, as a key
 *
 * Theory of operation
 *
 * QEMU resumes whatever it is given, so a template that is out of date would
 * be a guest that is subtly wrong. The key is the sum of
 *
 * - the files that our own command line names (QEMU's binary, the kernel, the
 *   initramfs, the disks): by content, whatever they are called and wherever
 *   they are, so that a cache works for another user, folder or machine;
 * - the rest of that command line, as text;
 * - the arguments of `.qemu`, as text, and the content of each plain file that
 *   one of them names: as the whole argument, or as the value of an option in
 *   it ("file=disk.img", JSON too). A name is taken for a file if it is one.
 *
 * So a disk of `.qemu` that a guest writes to changes the key with each run,
 * and the machine then boots each time, as it must: its memory knew another
 * disk. Files that QEMU only writes (output_options) count by name alone, and
 * so do folders and devices. Not seen is what a file refers to in its turn: a
 * backing file, an argument file's files, the QEMU behind a wrapper.
 */
#include "state/template.h"

#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/store.h"

#define TEMPLATE_FORMAT "3" /* raise it when a template of an older vmtap must not be used */

static const char *const output_options[] = {"D", "chardev", "dump-vmstate", "pidfile", "trace"};
static const char output_object[] = "filter-dump,"; /* of -object */

/* A state that was saved under KVM holds what this host's CPU can do. */
static void add_host_cpu(struct sha256 *key)
{
	cleanup_buf struct buf info = {0};
	const char *p;

	if (file_read("/proc/cpuinfo", 4 << 20, &info, NULL) < 0)
		return;
	for (p = buf_str(&info); *p && *p != '\n';) { /* up to the second processor */
		size_t n = strcspn(p, "\n");

		if (text_starts(p, "model") || text_starts(p, "stepping") || text_starts(p, "microcode") ||
		    text_starts(p, "flags"))
			sha256_add(key, p, n);
		p += n + (p[n] == '\n');
	}
}

/* Files of the store have names that are keys themselves, whichever folder the store is in. */
static int add_file(struct sha256 *key, const char *store, const char *path, struct err *err)
{
	size_t n = strlen(store);

	if (!text_starts(path, store) || path[n] != '/')
		return store_key_content(store, key, path, err);
	sha256_add_str(key, path + n);
	return 0;
}

/* ---- arguments of .qemu ---- */

static bool is_output(const char *option, const char *value)
{
	option += strspn(option, "-");
	for (size_t i = 0; i < ARRAY_SIZE(output_options); i++)
		if (strcmp(option, output_options[i]) == 0)
			return true;
	return strcmp(option, "object") == 0 && text_starts(value, output_object);
}

static int add_if_file(struct sha256 *key, const char *store, const char *name, struct err *err)
{
	struct stat st;

	if (stat(name, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	return store_key_content(store, key, name, err);
}

/* "a=b,file=x,,y" names "x,y": QEMU reads two commas as one. Of JSON each string may be a name. */
static int add_named_files(struct sha256 *key, const char *store, const char *arg, struct err *err)
{
	const char *ends = arg[0] == '{' ? "\"" : ",=";
	cleanup_buf struct buf word = {0};

	for (const char *p = arg;; p++) {
		if (*ends == ',' && p[0] == ',' && p[1] == ',') {
			buf_addc(&word, *++p);
		} else if (*p && !strchr(ends, *p)) {
			buf_addc(&word, *p);
		} else {
			if (word.len && add_if_file(key, store, buf_str(&word), err) < 0)
				return -1;
			buf_clear(&word);
			if (*p == '=')
				ends = ","; /* a name may have a '=' */
			else if (*ends == ',')
				ends = ",=";
			if (!*p)
				return 0;
		}
	}
}

static int add_extra(struct sha256 *key, const char *store, char *const *extra, struct err *err)
{
	const char *before = "";

	for (; extra && *extra; before = *extra++) {
		sha256_add_str(key, *extra);
		if (is_output(before, *extra))
			continue;
		if (add_if_file(key, store, *extra, err) < 0 || add_named_files(key, store, *extra, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- the command line ---- */

/* What it names by content; the names do not count. */
static int add_files(struct sha256 *key, const char *store, struct command *c, struct err *err)
{
	const char **files[5 + COMMAND_DISKS_MAX] = {&c->binary, &c->kernel, &c->initrd, &c->firmware, &c->variables};
	size_t n = 5;

	for (size_t i = 0; i < c->ndisks; i++)
		files[n++] = &c->disks[i].path;
	for (size_t i = 0; i < n; i++) {
		if (*files[i] && add_file(key, store, *files[i], err) < 0) /* a broken machine has none */
			return -1;
		*files[i] = *files[i] ? "" : NULL;
	}
	return 0;
}

int template_add_key(const struct spec *w, size_t index, struct sha256 *key, struct err *err)
{
	const struct machine_spec *m = &w->machines[index];
	struct command c;
	char **argv;

	sha256_add_str(key, TEMPLATE_FORMAT);
	spec_command(w, index, true, &c);
	c.extra = NULL;
	c.sandbox = false; /* what QEMU may do itself shapes no machine: a cache serves hosts with and without */
	if (add_files(key, w->store, &c, err) < 0 || add_extra(key, w->store, m->extra, err) < 0)
		return -1;
	argv = command_argv(&c);
	for (char **a = argv; *a; a++)
		sha256_add_str(key, *a);
	command_argv_free(argv);
	for (size_t i = 0; i < m->ndisks; i++)
		if (m->disks[i].size)
			sha256_add(key, &m->disks[i].size, sizeof(m->disks[i].size));
	sha256_add_str(key, m->provision ? m->provision : "");
	if (w->accel->kind == ACCEL_KVM)
		add_host_cpu(key);
	return 0;
}
