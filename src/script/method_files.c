/* method_files.c - the methods of a machine that are about files */
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "script/asking.h"
#include "script/methods.h"
#include "script/run.h"

#define FILE_MODE 0644 /* of write_file() */

void method_wait_for_file(unsigned machine, const char *path)
{
	struct wording w = wording(machine, "wait_for_file");

	check_name(w, path, "path", PATH_BYTES_MAX);
	ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_WAIT, .first = path, .number = WIRE_WAIT_FILE});
}

static struct answer read_file(struct wording w, unsigned machine, const char *path)
{
	check_name(w, path, "path", PATH_BYTES_MAX);
	return ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_READ_FILE, .first = path});
}

char *method_read_file(unsigned machine, const char *path)
{
	struct wording w = wording(machine, "read_file");
	struct answer a = read_file(w, machine, path);

	if (memchr(a.out, '\0', a.out_len))
		run_die((const struct pair[]){{"machine", w.machine}, {"argument", path}, {0}},
			"%s: '%s' contains NUL bytes, which a C string cannot hold; read_bytes() returns any bytes", spoken(w),
			path);
	return a.out;
}

char *method_read_bytes(unsigned machine, const char *path, size_t *n)
{
	struct answer a = read_file(wording(machine, "read_bytes"), machine, path);

	if (n)
		*n = a.out_len;
	return a.out;
}

static void write_file(struct wording w, unsigned machine, const char *path, const void *data, size_t n)
{
	ask(w, &(struct question){
		       .machine = machine,
		       .call = WIRE_CALL_WRITE_FILE,
		       .first = path,
		       .second = data,
		       .second_len = n,
		       .number = FILE_MODE,
	       });
}

void method_write_file(unsigned machine, const char *path, const char *text)
{
	struct wording w = wording(machine, "write_file");

	check_name(w, path, "path", PATH_BYTES_MAX);
	check_argument(w, text, "text");
	write_file(w, machine, path, text, strlen(text));
}

void method_write_bytes(unsigned machine, const char *path, const void *data, size_t n)
{
	struct wording w = wording(machine, "write_bytes");

	check_name(w, path, "path", PATH_BYTES_MAX);
	if (n)
		check_argument(w, data, "data");
	write_file(w, machine, path, data, n);
}

/* ---- trees ---- */

/* Return: @to, or what @from is called in the folder that @to is when it ends with a '/'. The caller frees it. */
static char *destination(struct wording w, const char *from, const char *to)
{
	size_t n = strlen(from), begin;

	if (to[strlen(to) - 1] != '/')
		return xstrdup(to);
	while (n > 0 && from[n - 1] == '/')
		n--;
	for (begin = n; begin > 0 && from[begin - 1] != '/'; begin--)
		;
	if (begin == n || (n - begin <= 2 && strspn(from + begin, ".") >= n - begin))
		run_die(NULL, "%s: '%s' has no name that it could have in '%s'", spoken(w), from, to);
	return xasprintf("%s%.*s", to, (int)(n - begin), from + begin);
}

/* Return: the path of a file of the host, beside the script if there is one, which the caller frees. */
static char *find_on_host(const char *path)
{
	struct place at = run_place();
	cleanup_free char *folder = path_dir(at.file ? at.file : ".");
	cleanup_free char *beside = path_join(folder, path);

	return file_exists(beside) ? steal(beside) : xstrdup(path);
}

static void copy(struct wording w, unsigned machine, enum wire_call call, const char *from, const char *to)
{
	ask(w, &(struct question){
		       .machine = machine, .call = call, .first = from, .second = to, .second_len = strlen(to)});
}

void method_copy_from_host(unsigned machine, const char *host, const char *guest)
{
	struct wording w = wording(machine, "copy_from_host");
	cleanup_free char *from = NULL, *to = NULL;

	check_name(w, host, "path on the host", PATH_BYTES_MAX);
	check_name(w, guest, "path in the guest", PATH_BYTES_MAX);
	w.shown = host;
	from = find_on_host(host);
	to = destination(w, from, guest);
	copy(w, machine, WIRE_CALL_COPY_IN, from, to);
}

void method_copy_from_machine(unsigned machine, const char *guest, const char *host)
{
	struct wording w = wording(machine, "copy_from_machine");
	cleanup_free char *to = NULL;

	check_name(w, guest, "path in the guest", PATH_BYTES_MAX);
	check_name(w, host, "path on the host", PATH_BYTES_MAX);
	to = destination(w, guest, host);
	copy(w, machine, WIRE_CALL_COPY_OUT, guest, to);
}
