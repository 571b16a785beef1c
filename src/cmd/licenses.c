/* licenses.c - `vmtap licenses`: what is inside, under which licence, and where its source is
 *
 * Versions come from where the things are: the program's own from vendor/pins when it was built, those of a kit and a QEMU
 * from their kit.id and qemu.id. Licences come from vendor/licenses, by the package's name. The texts that a bundle or an
 * installation passes on lie beside its kit, in "licenses" (ci/licenses makes them).
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

static void print_part(const char *name, const char *dir, const char *id, const char *rows)
{
	cleanup_free char *path = path_join(dir, id);
	cleanup_free char *where = xasprintf("in the %s '%s'", name, dir);
	cleanup_buf struct buf line = {0};

	if (file_read(path, ID_MAX, &line, NULL) < 0)
		printf("%s: it does not say what it is made of (no %s)\n", where, id);
	else
		print_items(where, rows, (char *)buf_str(&line));
}

/* ---- the texts ---- */

static char *texts_of(const struct settings *s)
{
	cleanup_free char *dir = s->kit ? path_dir(s->kit) : NULL;

	return dir ? path_join(dir, "licenses") : NULL;
}

static void print_names(const char *folder)
{
	struct dirent **list = NULL;
	int n = folder ? scandir(folder, &list, NULL, alphasort) : -1;

	if (n > 0)
		fputs("\nTheir texts, each by `vmtap licenses NAME`:", stdout);
	for (int k = 0; k < n; k++) {
		if (list[k]->d_name[0] != '.')
			printf(" %s", list[k]->d_name);
		free(list[k]);
	}
	free(list);
	if (n > 0)
		puts("");
}

static int print_text(const char *folder, const char *name)
{
	cleanup_buf struct buf text = {0};
	cleanup_free char *path = folder ? path_join(folder, name) : NULL;

	if (!folder || !file_is_folder(folder)) {
		log_line("there are no texts beside this vmtap's kit\n"
			 "the releases have them; in vmtap's source tree, run `make licenses`");
		return EXIT_WRONG;
	}
	if (strchr(name, '/') || name[0] == '.' || file_read(path, TEXT_MAX, &text, NULL) < 0) {
		log_line("there is no text '%s'\n`vmtap licenses` lists those that there are", name);
		return EXIT_WRONG;
	}
	fwrite(text.data, 1, text.len, stdout);
	return fflush(stdout) == 0 ? EXIT_PASSED : EXIT_INFRA;
}

static int print_all(const struct settings *s, const char *folder)
{
	cleanup_free char *qemu = s->qemu ? path_dir(s->qemu) : NULL;
	cleanup_free char *id = qemu ? path_join(qemu, "qemu.id") : NULL;
	struct inside in = {0};
	struct err err = {0};

	if (inside_read(&in, &err) < 0) {
		log_line("%s", err.text);
		return EXIT_INFRA;
	}
	print_items("vmtap " VMTAP_VERSION ", in this program", in.rows, in.items);
	if (s->kit)
		print_part("kit", s->kit, "kit.id", in.rows);
	if (id && file_exists(id))
		print_part("QEMU", qemu, "qemu.id", in.rows);
	else if (s->qemu)
		printf("QEMU is the machine's own, '%s'\n", s->qemu);
	puts("\nThe sources of all of it, and how it is built: vmtap-" VMTAP_VERSION "-sources.tar, published beside the\n"
	     "program; ci/release in vmtap's source tree makes it.");
	print_names(folder);
	printf("\n%s", in.notices);
	buf_free(&in.all);
	return fflush(stdout) == 0 ? EXIT_PASSED : EXIT_INFRA;
}

int cmd_licenses(char **argv)
{
	static const struct option none[] = {{0}};
	int n, status = cmd_parse("licenses", none, NULL, argv, &n);
	cleanup_free char *folder = NULL;
	struct settings s;
	struct err err = {0};

	if (status >= 0)
		return status;
	if (n > 1) {
		log_line("licenses takes one name, but there is '%s'\ntry 'vmtap help licenses'", argv[1]);
		return EXIT_WRONG;
	}
	if (settings_read(&s, &err) < 0) {
		log_line("%s", err.text);
		return EXIT_WRONG;
	}
	folder = texts_of(&s);
	return n ? print_text(folder, argv[0]) : print_all(&s, folder);
}
