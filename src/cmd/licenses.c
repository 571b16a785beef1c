/* licenses.c - `vmtap licenses`: what is inside, under which licence, and where its source is
 *
 * Versions come from where the things are: the program's own from vendor/pins when it was built, those of a kit and a QEMU
 * from their kit.id and qemu.id. Licences come from vendor/licenses, by the package's name. The texts that are passed on lie
 * beside the kit, in "licenses", or are a part of that name of a bundle (ci/licenses makes them). A bundle is asked as it
 * is: nothing is unpacked for this.
 */
#include <dirent.h>
#include <fnmatch.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/gzip.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/settings.h"

#define TEXTS	 "licenses"
#define ID_MAX	 4096	     /* bytes of a kit.id or qemu.id: one line */
#define TEXT_MAX (4u << 20) /* bytes of one text; Linux's and QEMU's have some 30,000 */

/* What make-licenses.sh printed; the build passes its folder. */
__asm__(".section .rodata\n"
	"licenses_start: .incbin \"licenses.gz\"\n"
	"licenses_end: .byte 0\n"
	".previous\n");
extern const char licenses_start[], licenses_end[];

/* Its parts: an item list, rows, notices. They point into @all. */
struct inside {
	struct buf all;
	char *items, *rows;
	const char *notices;
};

static int inside_read(struct inside *i, struct err *err)
{
	const struct buf packed = {.data = (char *)licenses_start,
				   .len = (size_t)((uintptr_t)licenses_end - (uintptr_t)licenses_start)};
	char *end;

	if (gzip_inflate("licenses.gz", &packed, TEXT_MAX, &i->all, err) < 0)
		return -1;
	i->items = (char *)buf_str(&i->all);
	i->rows = strchr(i->items, '\n');
	end = strstr(i->items, "\n\n");
	*i->rows++ = '\0';
	end[1] = '\0';
	i->notices = end + 2;
	return 0;
}

/* Return: a row's part behind the text's name, its length in @n; the first row that fits @package. */
static const char *licence_of(const char *rows, const char *package, size_t *n)
{
	char pattern[64], text[64];
	const char *line;
	int at;

	while (text_next_line(&rows, &line, n))
		if (sscanf(line, "%63s %63s %n", pattern, text, &at) == 2 && fnmatch(pattern, package, 0) == 0) {
			*n -= (size_t)at;
			return line + at;
		}
	*n = sizeof("unknown to this vmtap") - 1;
	return "unknown to this vmtap";
}

/* "PACKAGE VERSION[ REMARK], ...": a line each. What begins with "rules" says how it was built, and is no package. */
static void print_items(const char *where, const char *rows, char *items)
{
	char *rest, *package, *version;

	printf("%s:\n", where);
	for (char *item = strtok_r(items, ",\n", &rest); item; item = strtok_r(NULL, ",\n", &rest)) {
		const char *licence;
		size_t n;

		package = item + strspn(item, " ");
		version = strchr(package, ' ');
		if (!version || text_starts(package, "rules "))
			continue;
		*version++ = '\0';
		licence = licence_of(rows, package, &n);
		printf("  %-32s %-28s %.*s\n", package, version, (int)n, licence);
	}
}

/* A kit or a QEMU, by its id: of the bundle when there is no @dir. */
static void print_part(const struct settings *s, const char *name, const char *dir, const char *id, const char *rows)
{
	cleanup_free char *path = dir ? path_join(dir, path_base(id)) : NULL;
	cleanup_free char *where = dir ? xasprintf("in the %s '%s'", name, dir) : xasprintf("in the %s of this bundle", name);
	cleanup_buf struct buf line = {0};

	if ((dir ? file_read(path, ID_MAX, &line, NULL) : bundle_read(&s->bundle, id, ID_MAX, &line, NULL)) < 0)
		printf("%s: it does not say what it is made of (no %s)\n", where, path_base(id));
	else
		print_items(where, rows, (char *)buf_str(&line));
}

static void print_qemu(const struct settings *s, const char *rows)
{
	cleanup_free char *dir = s->qemu ? path_dir(s->qemu) : NULL;
	cleanup_free char *id = dir ? path_join(dir, "qemu.id") : NULL;

	if (!s->qemu && bundle_find(&s->bundle, "qemu/qemu.id"))
		print_part(s, "QEMU", NULL, "qemu/qemu.id", rows);
	else if (id && file_exists(id))
		print_part(s, "QEMU", dir, "qemu/qemu.id", rows);
	else if (s->qemu)
		printf("QEMU is the machine's own, '%s'\n", s->qemu);
}

/* ---- the texts ---- */

/* Append the names of all texts, a blank before each. */
static void add_names(const struct settings *s, const char *folder, struct buf *names)
{
	struct dirent **list = NULL;
	int n = folder ? scandir(folder, &list, NULL, alphasort) : 0;

	for (size_t i = 0; i < s->bundle.count; i++)
		if (text_starts(s->bundle.files[i].path, TEXTS "/"))
			buf_addf(names, " %s", path_base(s->bundle.files[i].path));
	for (int k = 0; k < n; k++) {
		if (list[k]->d_name[0] != '.')
			buf_addf(names, " %s", list[k]->d_name);
		free(list[k]);
	}
	free(list);
}

static int print_text(const struct settings *s, const char *folder, const char *name)
{
	cleanup_buf struct buf text = {0}, names = {0};
	cleanup_free char *path = path_join(folder ? folder : TEXTS, name);

	add_names(s, folder, &names);
	if (!names.len) {
		log_line("this vmtap has no texts inside or beside its kit\n"
			 "the releases have them; in vmtap's source tree, run `make licenses`");
		return EXIT_WRONG;
	}
	if (strchr(name, '/') || name[0] == '.' ||
	    (folder ? file_read(path, TEXT_MAX, &text, NULL) : bundle_read(&s->bundle, path, TEXT_MAX, &text, NULL)) < 0) {
		log_line("there is no text '%s'\nthere are%s", name, names.data);
		return EXIT_WRONG;
	}
	fwrite(text.data, 1, text.len, stdout);
	return EXIT_PASSED;
}

static int print_all(const struct settings *s, const char *folder)
{
	cleanup_buf struct buf names = {0};
	struct inside in = {0};
	struct err err = {0};

	if (inside_read(&in, &err) < 0)
		return cmd_failed(&err);
	print_items("vmtap " VMTAP_VERSION ", in this program", in.rows, in.items);
	if (s->kit || bundle_find(&s->bundle, "kit/kit.id"))
		print_part(s, "kit", s->kit, "kit/kit.id", in.rows);
	print_qemu(s, in.rows);
	puts("\nThe sources of all of it, and how it is built: vmtap-" VMTAP_VERSION "-sources.tar, published beside the\n"
	     "program; ci/release in vmtap's source tree makes it.");
	add_names(s, folder, &names);
	if (names.len)
		printf("\nTheir texts, each by `vmtap licenses NAME`:%s\n", names.data);
	printf("\n%s", in.notices);
	buf_free(&in.all);
	return EXIT_PASSED;
}

int cmd_licenses(char **argv)
{
	static const struct option none[] = {{0}};
	int n, status = cmd_parse("licenses", none, NULL, argv, &n);
	cleanup_free char *beside = NULL, *folder = NULL;
	struct settings s;
	struct err err = {0};

	if (status >= 0)
		return status;
	if (n > 1) {
		log_line("licenses takes one name, but there is '%s'\ntry 'vmtap help licenses'", argv[1]);
		return EXIT_WRONG;
	}
	if (settings_read(&s, &err) < 0) {
		cmd_failed(&err);
		return s.damaged ? EXIT_INFRA : EXIT_WRONG;
	}
	if (s.kit) {
		beside = path_dir(s.kit);
		folder = path_join(beside, TEXTS);
	}
	return n ? print_text(&s, folder, argv[0]) : print_all(&s, folder);
}
