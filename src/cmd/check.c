/* check.c - `vmtap check`: compile scripts, look for the files that they name, and list what they declare, booting nothing */
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/carried.h"
#include "cmd/cmd.h"
#include "cmd/piped.h"
#include "cmd/plan.h"
#include "image/disk.h"
#include "image/format.h"
#include "image/kernel.h"
#include "script/script.h"
#include "script/types.h"

struct check_options {
	struct option_texts vary;
};

const struct option cmd_check_options[] = {
	{"vary", 0, OPTION_TEXTS, "[MACHINE.]FIELD=A,B", offsetof(struct check_options, vary),
	 "check them with each of these values"},
	{0},
};

/* ---- the files that machines boot from ---- */

static int look_for_image(const char *path, struct err *err)
{
	return piped_is_meant(path) || format_find(path, err) ? 0 : -1;
}

/* What is in a folder is found out when it is booted. */
static int look_for_kernel(const char *path, struct err *err)
{
	cleanup_free char *release = file_is_folder(path) ? NULL : kernel_release(path, err);

	return release || !err->text[0] ? 0 : -1;
}

static int look_for_archive(const char *path, struct err *err)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? err_errno(err, "cannot open '%s'", path) : 0;
}

static bool tell(const struct script_machine *m, const char *field, const struct err *err)
{
	fprintf(stderr, "%s:%d: error: .%s of machine '%s': %s\n", m->file, m->line, field, m->name, err->text);
	return true;
}

/* Say it when what @path of a machine's @field names cannot be booted from. Return: whether that is so. */
static bool look(const struct script_machine *m, const char *field, const char *path, int (*look_for)(const char *path, struct err *err))
{
	cleanup_free char *found = path ? plan_find_path(m->file, path) : NULL;
	struct err err = {0};

	if (!path || look_for(found, &err) == 0)
		return false;
	return tell(m, field, &err);
}

static int look_for_disk(const char *path, struct err *err)
{
	cleanup_disk struct disk d = {.fd = -1};

	return disk_open(&d, path, err);
}

static bool look_for_files(const struct script_machine *m)
{
	struct err err = {0};

	return carried_look(m->file, m->options->files, &err) < 0 && tell(m, "files", &err);
}

/* What one machine of an array lacks is told once. */
static bool lacks_files(const struct plan_file *f)
{
	const struct vm_options *before = NULL;
	bool lacks = false;

	for (size_t i = 0; f->script && i < script_machine_count(f->script); i++) {
		const struct script_machine *m = script_machine(f->script, i);

		if (m->options == before)
			continue;
		before = m->options;
		lacks |= look(m, "image", before->image, look_for_image);
		lacks |= look(m, "kernel", before->kernel, look_for_kernel);
		lacks |= look(m, "initrd", before->initrd, look_for_archive);
		for (const struct vm_disk *d = before->disks; d->file || d->size; d++)
			lacks |= look(m, "disks", d->file, look_for_disk);
		lacks |= look_for_files(m);
	}
	return lacks;
}

int cmd_check(char **argv)
{
	static struct varies varies; /* the plan points into it */
	struct check_options options = {{0}};
	struct operands o;
	struct plan p;
	struct err err = {0};
	int n, status = cmd_parse("check", cmd_check_options, &options, argv, &n);
	int wrong = 0;

	if (status >= 0)
		return status;
	if (operands_read(&o, argv, &err) < 0 || varies_read(&varies, options.vary.list, options.vary.count, &err) < 0 ||
	    plan_make_varied(&p, &o, &varies, &err) < 0)
		return cmd_wrong("check", err.text);
	plan_print(&p);
	fflush(stdout); /* before what follows on stderr, where both are the same pipe */
	for (size_t i = 0; i < p.nfiles; i++) {
		const struct plan_file *f = &p.files[i];
		bool faulty = f->error || lacks_files(f);

		if (f->error)
			fprintf(stderr, "%s\n", f->error);
		if (faulty && f->variant)
			fprintf(stderr, SCRIPT_SOURCE_INDENT "as%s\n", f->variant_name);
		wrong |= faulty;
	}
	return wrong ? EXIT_WRONG : EXIT_PASSED;
}
