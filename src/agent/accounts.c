/* accounts.c - users and groups in the texts of /etc/passwd and its kin (pure)
 *
 * passwd(5), shadow(5), group(5) and gshadow(5) are lines of fields with colons
 * between them, which is all that is taken for granted: of an image that has no
 * useradd as of one that has another. What is not touched stays as it is, byte
 * by byte.
 */
#include "agent/accounts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define USER_FIRST   1000 /* what distributions give to people, ... */
#define SYSTEM_FIRST 100  /* ... and to groups of the system, from the last one down */
#define SYSTEM_LAST  999

enum { PASSWORD = 1, ID = 2, GROUP = 3, MEMBERS = 3, HOME = 5, SHELL = 6 }; /* fields */

/* ---- lines and fields ---- */

/* Return: the line of @name, of @n bytes, or NULL. */
static const char *find(const struct buf *file, const char *name, size_t *n)
{
	const size_t length = strlen(name);
	const char *at = buf_str(file), *line;

	while (text_next_line(&at, &line, n))
		if (*n > length && memcmp(line, name, length) == 0 && line[length] == ':')
			return line;
	return NULL;
}

/* Return: where field @f of a line begins, with its length in @length; NULL when there are fewer. */
static const char *field_of(const char *line, size_t n, unsigned f, size_t *length)
{
	const char *end = line + n, *colon;

	for (; f; f--) {
		line = memchr(line, ':', (size_t)(end - line));
		if (!line++)
			return NULL;
	}
	colon = memchr(line, ':', (size_t)(end - line));
	*length = (size_t)((colon ? colon : end) - line);
	return line;
}

char *accounts_field(const struct buf *file, const char *name, unsigned f)
{
	size_t n, length;
	const char *line = find(file, name, &n);
	const char *field = line ? field_of(line, n, f, &length) : NULL;

	return field ? xstrndup(field, length) : NULL;
}

/* Put @n bytes in the place of @old that are at @at of the file. */
static void replace(struct buf *file, size_t at, size_t old, const char *text)
{
	struct buf all = {0};

	buf_add(&all, file->data, at);
	buf_adds(&all, text);
	buf_add(&all, file->data + at + old, file->len - at - old);
	buf_free(file);
	*file = all;
}

/* A line that has no such field is left alone. */
static void set_field(struct buf *file, const char *name, unsigned f, const char *value)
{
	size_t n, length;
	const char *line = find(file, name, &n), *field = line ? field_of(line, n, f, &length) : NULL;

	if (field)
		replace(file, (size_t)(field - file->data), length, value);
}

static void add_line(struct buf *file, const char *line)
{
	if (file->len && file->data[file->len - 1] != '\n')
		buf_addc(file, '\n');
	buf_adds(file, line);
	buf_addc(file, '\n');
}

/* ---- numbers ---- */

/* Return: whether a user, or a group, has this number. */
static bool is_taken(const struct buf *file, unsigned long id)
{
	const char *at = buf_str(file), *line;
	size_t n, length;

	while (text_next_line(&at, &line, &n)) {
		const char *field = field_of(line, n, ID, &length);

		if (field && length && strtoul(field, NULL, 10) == id)
			return true;
	}
	return false;
}

/* A user's group has the user's number, where that is free. */
static unsigned long free_user(const struct accounts *a)
{
	unsigned long id = USER_FIRST;

	while (is_taken(&a->passwd, id) || is_taken(&a->group, id))
		id++;
	return id;
}

static unsigned long free_group(const struct accounts *a)
{
	unsigned long id = SYSTEM_LAST;

	while (id >= SYSTEM_FIRST && is_taken(&a->group, id))
		id--;
	for (id = id < SYSTEM_FIRST ? USER_FIRST : id; is_taken(&a->group, id);)
		id++;
	return id;
}

/* ---- groups ---- */

static void make_group(struct accounts *a, const char *name, unsigned long id)
{
	cleanup_free char *line = xasprintf("%s:x:%lu:", name, id), *secret = xasprintf("%s:!::", name);

	add_line(&a->group, line);
	if (a->has_gshadow)
		add_line(&a->gshadow, secret);
}

/* Return: whether @name is one of a list with commas. */
static bool is_member(const char *list, const char *name)
{
	const size_t n = strlen(name);

	for (; *list; list += *list == ',') {
		size_t length = strcspn(list, ",");

		if (length == n && memcmp(list, name, n) == 0)
			return true;
		list += length;
	}
	return false;
}

static void add_member(struct buf *file, const char *group, const char *user)
{
	cleanup_free char *members = accounts_field(file, group, MEMBERS), *more = NULL;

	if (!members || is_member(members, user))
		return;
	more = xasprintf("%s%s%s", members, *members ? "," : "", user);
	set_field(file, group, MEMBERS, more);
}

static void join_groups(struct accounts *a, const struct account *u)
{
	cleanup_free char *groups = xstrdup(u->groups);
	char *save = NULL;
	size_t n;

	for (char *name = strtok_r(groups, ", ", &save); name; name = strtok_r(NULL, ", ", &save)) {
		if (!find(&a->group, name, &n))
			make_group(a, name, free_group(a));
		add_member(&a->group, name, u->name);
		add_member(&a->gshadow, name, u->name);
	}
}

/* ---- users ---- */

/* Return: the number of the new user's own group. */
static unsigned long own_group(struct accounts *a, const char *name, unsigned long uid)
{
	cleanup_free char *there = accounts_field(&a->group, name, ID);
	unsigned long gid = uid;

	if (there)
		return strtoul(there, NULL, 10);
	if (is_taken(&a->group, gid))
		gid = free_group(a);
	make_group(a, name, gid);
	return gid;
}

static void make_user(struct accounts *a, const struct account *u, const char *shell)
{
	unsigned long uid = u->uid ? u->uid : free_user(a), gid = own_group(a, u->name, uid);
	cleanup_free char *home = *u->home ? xstrdup(u->home) : xasprintf("/home/%s", u->name);
	cleanup_free char *line = xasprintf("%s:x:%lu:%lu::%s:%s", u->name, uid, gid, home,
					    *u->shell ? u->shell : shell);

	add_line(&a->passwd, line);
}

static void change_user(struct accounts *a, const struct account *u)
{
	cleanup_free char *uid = xasprintf("%u", u->uid);

	if (u->uid)
		set_field(&a->passwd, u->name, ID, uid);
	if (*u->home)
		set_field(&a->passwd, u->name, HOME, u->home);
	if (*u->shell)
		set_field(&a->passwd, u->name, SHELL, u->shell);
}

/* Changed long ago, and good for ever (shadow(5)). A BusyBox takes no password of a line whose numbers are empty. */
static void set_password(struct accounts *a, const struct account *u)
{
	cleanup_free char *line = xasprintf("%s:%s:1:0:99999:7:::", u->name, u->hash ? u->hash : "!");
	size_t n;

	if (!find(&a->shadow, u->name, &n))
		add_line(&a->shadow, line);
	else if (u->hash)
		set_field(&a->shadow, u->name, PASSWORD, u->hash);
	if (u->hash)
		set_field(&a->passwd, u->name, PASSWORD, "x");
}

void accounts_add(struct accounts *a, const struct account *u, const char *shell)
{
	size_t n;

	if (find(&a->passwd, u->name, &n))
		change_user(a, u);
	else
		make_user(a, u, shell);
	set_password(a, u);
	join_groups(a, u);
}

void accounts_free(struct accounts *a)
{
	buf_free(&a->passwd);
	buf_free(&a->shadow);
	buf_free(&a->group);
	buf_free(&a->gshadow);
}
