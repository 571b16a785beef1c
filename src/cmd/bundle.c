/* bundle.c - `vmtap bundle`: see what is in the one file, unpack it, make one */
#include "image/bundle.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/cmd.h"

#define PARTS_MAX 16
#define ID_MAX	  65536 /* bytes of a file that says what a part is made of */

/**
 * struct bundle_call - One `vmtap bundle ...`
 * @operands:	Behind the verb, NULL-terminated
 */
struct bundle_call {
	const char *out, *kit, *qemu, *program, *gzip;
	char **operands;
};

const struct option cmd_bundle_options[] = {
	{"output", 'o', OPTION_TEXT, "FILE", offsetof(struct bundle_call, out), "pack: the bundle to write"},
	{"kit", 0, OPTION_TEXT, "FOLDER", offsetof(struct bundle_call, kit), "pack: the kit"},
	{"qemu", 0, OPTION_TEXT, "FOLDER", offsetof(struct bundle_call, qemu), "pack: QEMU with its firmware"},
	{"gzip", 0, OPTION_TEXT, "PROGRAM", offsetof(struct bundle_call, gzip), "pack: a better compressor, libdeflate-gzip"},
	{"program", 0, OPTION_TEXT, "FILE", offsetof(struct bundle_call, program), "pack: another vmtap than this one"},
	{0},
};

static int wrong(const char *why)
{
	return cmd_wrong("bundle", why);
}

/* Return: -1 to go on, else an exit status. */
static int open_own(struct bundle *b)
{
	struct err err = {0};

	if (!bundle_is_self()) {
		log_line("this vmtap is no bundle: there is nothing behind its program\n"
			 "`make bundle` in vmtap's source tree makes one");
		return EXIT_WRONG;
	}
	return bundle_open_self(b, &err) < 0 ? cmd_failed(&err) : -1;
}

/* ---- info ---- */

/* "PART/PART.id" has one line that says what the part is made of. */
static void print_part(const struct bundle *b, const struct bundle_file *f)
{
	const char *base = path_base(f->path);
	size_t n = (size_t)(base - f->path);
	cleanup_buf struct buf id = {0}, clean = {0};

	if (n == 0 || strncmp(f->path, base, n - 1) != 0 || strcmp(base + n - 1, ".id") != 0 ||
	    bundle_read(b, f->path, ID_MAX, &id, NULL) < 0)
		return;
	text_clean(&clean, buf_str(&id), strcspn(buf_str(&id), "\n"));
	printf("%-10.*s %s\n", (int)(n - 1), f->path, buf_str(&clean));
}

static int bundle_info(const struct bundle_call *c)
{
	cleanup_bundle struct bundle b = {.fd = -1};
	struct err err = {0};
	int status = open_own(&b);
	uint64_t total = 0;

	(void)c;
	if (status >= 0)
		return status;
	if (bundle_check(&b, &err) < 0)
		return cmd_failed(&err);
	printf("%-10s %s\n", "bundle", b.path);
	printf("%-10s %s\n", "index", b.key);
	printf("%-10s vmtap %s\n", "program", VMTAP_VERSION);
	for (size_t i = 0; i < b.count; i++)
		print_part(&b, &b.files[i]);
	printf("\n%10s %10s  %-64s  %s\n", "BYTES", "PACKED", "SHA-256", "PATH");
	for (size_t i = 0; i < b.count; i++) {
		const struct bundle_file *f = &b.files[i];

		printf("%10llu %10llu  %s  %s\n", (unsigned long long)f->size, (unsigned long long)f->packed, f->sum,
		       f->path);
		total += f->size;
	}
	printf("%zu files, %.1f MB unpacked, %.1f MB packed; all sums are right\n", b.count, (double)total / 1e6,
	       (double)b.bytes / 1e6);
	return EXIT_PASSED;
}

/* ---- unpack ---- */

static int bundle_unpack_to(const struct bundle_call *c)
{
	cleanup_bundle struct bundle b = {.fd = -1};
	struct err err = {0};
	int status = open_own(&b);

	if (status >= 0)
		return status;
	if (bundle_unpack(&b, c->operands[0], &err) < 0)
		return cmd_failed(&err);
	log_line("unpacked %zu files to '%s'", b.count, c->operands[0]);
	return EXIT_PASSED;
}

/* ---- pack ---- */

static int bundle_pack_to(const struct bundle_call *c)
{
	struct bundle_part parts[PARTS_MAX + 2];
	struct err err = {0};
	size_t n = 0;

	if (!c->out)
		return wrong("bundle pack needs a file to write (--output)");
	if (c->kit)
		parts[n++] = (struct bundle_part){"kit", c->kit};
	if (c->qemu)
		parts[n++] = (struct bundle_part){"qemu", c->qemu};
	for (char **p = c->operands; *p; p++) {
		char *equals = strchr(*p, '=');

		if (!equals || equals == *p || !equals[1])
			return wrong("what else is to be packed is named as NAME=PATH");
		*equals = '\0';
		parts[n++] = (struct bundle_part){*p, equals + 1};
	}
	if (n == 0)
		return wrong("bundle pack needs something to pack: --kit, --qemu");
	if (bundle_pack(c->out, c->program ? c->program : "/proc/self/exe", c->gzip, parts, n, &err) < 0)
		return cmd_failed(&err);
	return EXIT_PASSED;
}

/* ---- the verbs ---- */

static const struct verb {
	const char *name;
	int least, most; /* operands */
	const char *wrong;
	int (*run)(const struct bundle_call *c);
} verbs[] = {
	{"info", 0, 0, "bundle info takes no operand", bundle_info},
	{"unpack", 1, 1, "bundle unpack needs one folder to make", bundle_unpack_to},
	{"pack", 0, PARTS_MAX, "bundle pack takes at most 16 NAME=PATH", bundle_pack_to},
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

int cmd_bundle(char **argv)
{
	struct bundle_call c = {.operands = argv + 1};
	const struct verb *verb;
	int n, status = cmd_parse("bundle", cmd_bundle_options, &c, argv, &n);

	if (status >= 0)
		return status;
	if (n == 0)
		return wrong("say what to do with the bundle: info, unpack or pack");
	verb = find_verb(argv[0]);
	if (!verb) {
		log_line("there is no 'vmtap bundle %s'", argv[0]);
		return wrong("there are bundle info, unpack and pack");
	}
	if (n - 1 < verb->least || n - 1 > verb->most)
		return wrong(verb->wrong);
	if (verb->run != bundle_pack_to && (c.out || c.kit || c.qemu || c.program || c.gzip))
		return wrong("all options are of bundle pack");
	return verb->run(&c);
}
