/* environment.c - what every command is run with: variables and a folder */
#include "agent/environment.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"

#define PLACES "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char usual_path[] = "PATH=" PLACES;
static const char *const own[] = {
	usual_path,
	"HOME=/root",
	"USER=root",
	"LOGNAME=root",
	"SHELL=/bin/sh",
	"LANG=C.UTF-8",
	"TERM=dumb",
	NULL,
};

static const char **variables; /* NULL: own[] */
static const char *folder;

static size_t count(const char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

/* Put "NAME=value" in the place of the variable of that name, or at the end, where there must be room. */
static void set(const char **list, const char *variable)
{
	size_t n = strcspn(variable, "=") + 1;

	while (*list && strncmp(*list, variable, n) != 0)
		list++;
	if (!*list)
		list[1] = NULL;
	*list = variable;
}

/* Return: a copy of @list that has room for @more. */
static const char **copy(const char *const *list, size_t more)
{
	size_t n = count(list);
	const char **all = xcalloc(n + more + 1, sizeof(*all));

	memcpy(all, list, n * sizeof(*all));
	return all;
}

void environment_take(struct buf *run)
{
	const char *end = run->data + run->len;
	size_t n = 0;

	if (!run->len)
		return;
	for (const char *at = run->data; at < end; at++)
		n += *at == '\0';
	variables = copy(own, n);
	folder = *run->data ? run->data : NULL;
	for (const char *at = run->data + strlen(run->data) + 1; at < end; at += strlen(at) + 1)
		set(variables, at);
	steal(run->data);
}

void environment_suit_root(void)
{
	if (variables || !file_is_folder("/nix/store"))
		return;
	variables = copy(own, 0);
	set(variables, "PATH=/run/wrappers/bin:/run/current-system/sw/bin:" PLACES);
}

const char *const *environment_get(void)
{
	return variables ? variables : own;
}

const char **environment_with(const char *term)
{
	const char **all = copy(environment_get(), 1);

	set(all, term);
	return all;
}

const char *environment_folder(void)
{
	return folder;
}
