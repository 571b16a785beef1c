/* operands.c - the scripts of a command line: files, folders, and lines of files */
#include "cmd/operands.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

/* Takes ownership of @path. */
static struct operand *add(struct operands *o, char *path)
{
	o->list = xrealloc(o->list, (o->count + 1) * sizeof(*o->list));
	o->list[o->count] = (struct operand){.path = path};
	return &o->list[o->count++];
}

/* Return: the script of that name whose lines are listed, which may be a new one. */
static struct operand *find_lined(struct operands *o, const char *path)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->list[i].nlines && strcmp(o->list[i].path, path) == 0)
			return &o->list[i];
	return add(o, xstrdup(path));
}

/* Return: the colon of "FILE:LINE" with its line, or NULL when @word is not such a thing. */
static const char *find_line(const char *word, int *line)
{
	const char *colon = strrchr(word, ':');
	char *end;
	long n;

	if (!colon || colon == word || colon[1] < '0' || colon[1] > '9' || file_exists(word))
		return NULL;
	n = strtol(colon + 1, &end, 10);
	if (*end || n < 1 || n > INT_MAX)
		return NULL;
	*line = (int)n;
	return colon;
}

static int is_script(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > 2 && strcmp(e->d_name + n - 2, ".c") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name); /* alphasort() would follow the locale */
}

static int add_folder(struct operands *o, const char *word, struct err *err)
{
	cleanup_free char *dir = xstrdup(word);
	struct dirent **entries;
	size_t before = o->count;
	int n = scandir(dir, &entries, is_script, by_name);

	if (n < 0)
		return err_errno(err, "cannot read folder '%s'", word);
	for (size_t end = strlen(dir); end > 1 && dir[end - 1] == '/'; end--)
		dir[end - 1] = '\0';
	for (int i = 0; i < n; i++) {
		cleanup_free char *path = path_join(dir, entries[i]->d_name);

		if (!file_is_folder(path))
			add(o, steal(path));
		free(entries[i]);
	}
	free(entries);
	if (o->count > before)
		return 0;
	err_set(err, "there is no test script (*.c) in folder '%s'", word);
	return err_hint(err, "name the folder that has them: those below it are not looked into");
}

int operands_read(struct operands *o, char *const *words, struct err *err)
{
	*o = (struct operands){0};
	if (!words[0])
		return err_set(err, "no test script is named");
	for (; *words; words++) {
		int line;
		const char *colon = find_line(*words, &line);

		if (colon) {
			cleanup_free char *path = xstrndup(*words, (size_t)(colon - *words));
			struct operand *at = find_lined(o, path);

			at->lines = xrealloc(at->lines, (at->nlines + 1) * sizeof(*at->lines));
			at->lines[at->nlines++] = line;
		} else if (file_is_folder(*words)) {
			if (add_folder(o, *words, err) < 0)
				return -1;
		} else {
			add(o, xstrdup(*words));
		}
	}
	return 0;
}
