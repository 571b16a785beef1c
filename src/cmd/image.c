/* image.c - `vmtap image`: say what an image is and what would boot it */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/piped.h"
#include "cmd/settings.h"
#include "image/embedded.h"
#include "image/erofs.h"
#include "image/format.h"
#include "image/guest.h"
#include "image/oci.h"
#include "image/partitions.h"
#include "image/root.h"
#include "wire/boot.h"

#define LABEL "%-12s "
#define MB    1e6

#define SCRIPT_MAX (1u << 20) /* bytes of an init that may be a script */

const struct option cmd_image_options[] = {{0}};

/* One line, of bytes that may be an image's. */
static void print_line(const char *label, const char *text)
{
	cleanup_buf struct buf clean = {0};

	text_clean(&clean, text, strlen(text));
	for (char *c = clean.data; c && *c; c++)
		*c = *c == '\n' ? ' ' : *c;
	printf(LABEL "%s\n", label, buf_str(&clean));
}

static bool is_there(const struct erofs_image *e, const char *path, mode_t bits)
{
	struct erofs_file f;

	return erofs_stat(e, path, true, &f, NULL) == 0 && (!bits || (S_ISREG(f.mode) && f.mode & bits));
}

static bool is_same(const struct erofs_image *e, const char *a, const char *b)
{
	struct erofs_file one, other;

	return erofs_stat(e, a, true, &one, NULL) == 0 && erofs_stat(e, b, true, &other, NULL) == 0 && one.nid == other.nid;
}

/* NixOS's init is a script that becomes systemd. */
static bool is_script_of_systemd(const struct erofs_image *e, const char *path)
{
	cleanup_buf struct buf text = {0};
	struct erofs_file f;

	return erofs_stat(e, path, true, &f, NULL) == 0 && erofs_read(e, &f, SCRIPT_MAX, &text, NULL) == 0 &&
	       text_starts(buf_str(&text), "#!") && strstr(buf_str(&text), "systemd");
}

/* Return: whose the init at @path is, as the agent finds it out (agent/boot.c), to be printed behind it. */
static const char *init_kind(const struct erofs_image *e, const char *path)
{
	static const char *const openrc[] = {BOOT_OPENRC};
	bool busybox = is_same(e, path, "/bin/busybox");

	if (is_same(e, path, "/lib/systemd/systemd") || is_script_of_systemd(e, path))
		return " (systemd)";
	for (size_t i = 0; i < ARRAY_SIZE(openrc); i++)
		if (is_there(e, openrc[i], 0))
			return busybox ? " (BusyBox, OpenRC)" : " (OpenRC)";
	if (busybox)
		return " (BusyBox)";
	return is_there(e, BOOT_SYSV_TAB, 0) && is_there(e, BOOT_SYSV_RC, 0) ? " (SysV)" : "";
}

/* As the agent finds it (agent/boot.c). */
static void print_init(const struct erofs_image *e)
{
	static const char *const inits[] = {BOOT_INITS};
	cleanup_free char *text = NULL;

	for (size_t k = 0; k < ARRAY_SIZE(inits) && !text; k++)
		if (is_there(e, inits[k], 0111))
			text = xasprintf("%s%s", inits[k], init_kind(e, inits[k]));
	print_line("init", text ? text : "none in it: vmtap's own runs");
	if (!is_there(e, "/bin/sh", 0111))
		print_line("shell", "none in it: commands of a test cannot run");
}

static int print_root(const struct root *r, struct err *err)
{
	cleanup_erofs_image struct erofs_image e = {.fd = -1};

	if (erofs_open(&e, r->path, err) < 0)
		return -1;
	printf(LABEL "%llu files, %.1f MB as the guest's root\n", "content", (unsigned long long)e.inodes,
	       (double)e.size / MB);
	print_init(&e);
	return 0;
}

/* What a container's image says of its commands. */
static int print_run(const char *path, struct err *err)
{
	static const struct {
		const char *label, *variable;
	} ours[] = {{"command", "IMAGE_COMMAND="}, {"user", "IMAGE_USER="}};
	cleanup_buf struct buf run = {0};
	const char *end;

	if (!path)
		return 0;
	if (file_read(path, OCI_RUN_MAX, &run, err) < 0)
		return -1;
	end = run.data + run.len;
	print_line("folder", run.data);
	for (const char *at = run.data + strlen(run.data) + 1; at < end; at += strlen(at) + 1) {
		size_t k = 0;

		while (k < ARRAY_SIZE(ours) && !text_starts(at, ours[k].variable))
			k++;
		print_line(k < ARRAY_SIZE(ours) ? ours[k].label : "variable",
			   k < ARRAY_SIZE(ours) ? at + strlen(ours[k].variable) : at);
	}
	return 0;
}

static int print_boot(const char *name, const char *image, const struct settings *s, const struct root *r, struct err *err)
{
	cleanup_guest_files struct guest_files f = {0};
	struct guest_spec g = {.image = image, .kit = s->kit, .store = s->store};
	cleanup_buf struct buf quoted = {0};
	const char *modules;

	g.agent = embedded_agent(&g.agent_len);
	if (!s->kit && !r->kernel)
		return err_set(err, "%s", s->kit_missing);
	if (guest_prepare(&g, &f, err) < 0)
		return -1;
	modules = guest_files_disk(&f, BOOT_MODULES_SERIAL) ? "the kit's" : "the image's, or built into the kernel";
	printf(LABEL "%s, %s\n", "kernel", f.version, r->kernel ? "the image's" : "the kit's");
	print_line("modules", modules);
	print_line("loads", *f.loads ? f.loads : "none: what it needs is built in");
	buf_adds(&quoted, "vmtap shell ");
	if (piped_is_meant(name))
		buf_adds(&quoted, name);
	else
		text_quote_shell(&quoted, name);
	print_line("boots by", buf_str(&quoted));
	return 0;
}

/* ---- disks ---- */

static void print_partition(const struct partition *p)
{
	cleanup_free char *text = xasprintf("%u: %.1f MB, %s%s", p->number, (double)p->size / MB, p->fs ? p->fs : "unknown content",
					    p->efi ? ", the EFI system partition" : "");

	print_line("partition", text);
}

static void print_disk_boot(const char *path, const struct partitions *p)
{
	const struct partition *root = partitions_root(p);
	cleanup_buf struct buf quoted = {0};

	if (p->bios || p->efi) {
		print_line("firmware", p->bios && p->efi ? "a BIOS, or UEFI by .firmware = \"uefi\"" : p->bios ? "a BIOS" : "UEFI");
		print_line("agent", "started by cloud-init, or at the serial console where root logs in without a password");
		buf_adds(&quoted, "vmtap shell ");
		text_quote_shell(&quoted, path);
		print_line("boots by", buf_str(&quoted));
	} else {
		print_line("boots by", root || p->fs ? "a kernel that is given as .kernel" : "nothing: it has no boot loader");
	}
}

static int disk_info(const char *path, struct err *err)
{
	cleanup_disk struct disk d = {.fd = -1};
	struct partitions p;

	if (disk_open(&d, path, err) < 0)
		return -1;
	printf(LABEL "%.1f MB\n", "disk", (double)d.size / MB);
	fflush(stdout);
	if (partitions_read(&d, &p, err) < 0)
		return -1;
	for (size_t i = 0; i < p.count; i++)
		print_partition(&p.list[i]);
	if (p.table == TABLE_NONE)
		print_line("content", p.fs ? p.fs : "unknown");
	print_disk_boot(path, &p);
	return 0;
}

static int image_info(const char *name, const struct settings *s, struct err *err)
{
	const char *path = piped_is_meant(name) ? piped_image(s->store, err) : name;
	const struct format *f = path ? format_find(path, err) : NULL;
	struct root r = {.path = NULL};
	struct stat st;
	int result;

	if (!f)
		return -1;
	print_line("image", name);
	print_line("format", f->name);
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
		printf(LABEL "%.1f MB\n", "size", (double)st.st_size / MB);
	fflush(stdout);
	if (f->disk)
		return disk_info(path, err);
	result = root_prepare(s->store, path, &r, err);
	if (result == 0)
		result = print_root(&r, err);
	if (result == 0)
		result = print_run(r.run, err);
	fflush(stdout);
	if (result == 0)
		result = print_boot(name, path, s, &r, err);
	root_free(&r);
	return result;
}

int cmd_image(char **argv)
{
	struct settings s;
	struct err err = {0};
	int n = 0, status = cmd_parse("image", cmd_image_options, &s, argv, &n);

	if (status >= 0)
		return status;
	if (n == 0 || strcmp(argv[0], "info") != 0)
		err_set(&err, n ? "there is no 'vmtap image %s'\nthere is image info FILE" : "say what to do with the image: info FILE", argv[0]);
	else if (n != 2)
		err_set(&err, n < 2 ? "image info needs a file or a folder" : "image info takes one file, but there is '%s'", argv[n > 2 ? 2 : 0]);
	if (err.text[0])
		return cmd_wrong("image", err.text);
	if (settings_read(&s, &err) < 0)
		return s.damaged ? cmd_failed(&err) : (cmd_wrong("image", err.text));
	settings_provide(&s);
	if (image_info(argv[1], &s, &err) == 0)
		return EXIT_PASSED;
	piped_name(&err);
	return cmd_failed(&err);
}
