/* users.c - the users that the script declared: written into the image before its init runs */
#include "agent/users.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/accounts.h"
#include "agent/etc.h"
#include "agent/passwd.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "wire/boot.h"
#include "wire/tree.h"

#define SKELETON    "/etc/skel"
#define HOME_MODE   0700
#define SHADOW_MODE 0600
#define OPEN_FILES  16 /* of nftw(3) */

static const char passwd_file[] = "/etc/passwd", group_file[] = "/etc/group", shadow_file[] = "/etc/shadow",
		  gshadow_file[] = "/etc/gshadow";

/* ---- homes ---- */

static uid_t home_uid;
static gid_t home_gid;

static int own_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
	(void)st;
	(void)type;
	(void)place;
	return lchown(path, home_uid, home_gid);
}

static int copy_skeleton(const char *home, struct err *err)
{
	struct tree_pack *from = tree_pack_open(SKELETON, err);
	struct tree_unpack *to = from ? tree_unpack_open(home, false, err) : NULL;
	int got = to ? 1 : -1;

	while (got > 0) {
		cleanup_buf struct buf record = {0};

		got = tree_pack_next(from, &record, err);
		if (got > 0 && tree_unpack_record(to, record.data, record.len, err) < 0)
			got = -1;
	}
	if (got == 0)
		got = tree_unpack_end(to, err);
	tree_unpack_free(to);
	tree_pack_free(from);
	return got;
}

static int make_home(const char *home, uid_t uid, gid_t gid, struct err *err)
{
	if (file_exists(home))
		return 0;
	if (file_make_dirs(home, err) < 0 || (file_is_folder(SKELETON) && copy_skeleton(home, err) < 0))
		return -1;
	home_uid = uid;
	home_gid = gid;
	if (nftw(home, own_one, OPEN_FILES, FTW_PHYS) != 0 || chmod(home, HOME_MODE) < 0)
		return err_errno(err, "cannot give the folder '%s' its owner", home);
	return 0;
}

static unsigned long number_of(const struct buf *passwd, const char *name, unsigned field)
{
	cleanup_free char *text = accounts_field(passwd, name, field);

	return text ? strtoul(text, NULL, 10) : 0;
}

/* What a login of @name needs besides its line. */
static int settle(const struct accounts *a, const char *name, struct err *err)
{
	enum { UID = 2, GID = 3, HOME = 5, SHELL = 6 };
	cleanup_free char *home = accounts_field(&a->passwd, name, HOME);
	cleanup_free char *shell = accounts_field(&a->passwd, name, SHELL);

	if (shell && *shell && access(shell, X_OK) < 0)
		return err_errno(err, "cannot run the shell '%s'", shell);
	if (!home || *home != '/' || strcmp(home, "/") == 0)
		return 0;
	return make_home(home, (uid_t)number_of(&a->passwd, name, UID), (gid_t)number_of(&a->passwd, name, GID), err);
}

/* ---- the files ---- */

static int read_file(const char *path, struct buf *out, bool *there, struct err *err)
{
	*there = file_exists(path);
	return *there ? file_read(path, PASSWD_MAX, out, err) : 0;
}

/* A BusyBox does not find the number of a user who has an empty password in /etc/passwd: passwords get a file of their own. */
static int make_shadow(struct err *err)
{
	cleanup_fd int fd = file_make_dirs("/etc", err) < 0 ? -1 : open(shadow_file, O_WRONLY | O_CREAT | O_CLOEXEC, SHADOW_MODE);

	return fd < 0 ? err_errno(err, "cannot make '%s'", shadow_file) : 0;
}

static int read_files(struct accounts *a, struct err *err)
{
	bool there;

	if (read_file(passwd_file, &a->passwd, &there, err) < 0 || read_file(group_file, &a->group, &there, err) < 0)
		return -1;
	if (read_file(shadow_file, &a->shadow, &there, err) < 0 || (!there && make_shadow(err) < 0))
		return -1;
	return read_file(gshadow_file, &a->gshadow, &a->has_gshadow, err);
}

static int write_files(const struct accounts *a, struct err *err)
{
	if (etc_write(group_file, a->group.data, a->group.len, err) < 0 ||
	    etc_write(passwd_file, a->passwd.data, a->passwd.len, err) < 0 ||
	    etc_write(shadow_file, a->shadow.data, a->shadow.len, err) < 0)
		return -1;
	return a->has_gshadow ? etc_write(gshadow_file, a->gshadow.data, a->gshadow.len, err) : 0;
}

/* ---- the list ---- */

/* Return: the next text of the list, "" at its end. */
static const char *next(const char **at, const char *end)
{
	const char *text = *at < end ? *at : "";

	*at += *at < end ? strlen(text) + 1 : 0;
	return text;
}

static struct account next_account(const char **at, const char *end)
{
	struct account u = {.name = next(at, end)};

	u.hash = next(at, end);
	if (strcmp(u.hash, BOOT_NO_PASSWORD) == 0)
		u.hash = NULL;
	u.groups = next(at, end);
	u.home = next(at, end);
	u.shell = next(at, end);
	u.uid = (uint32_t)strtoul(next(at, end), NULL, 10);
	return u;
}

static void warn(struct boot *b, const char *name, struct err *err)
{
	err_wrap(err, "the user '%s'", name);
	boot_warn(b, err->text);
	*err = (struct err){0};
}

void users_make(const struct buf *list, struct boot *b)
{
	const char *shell = access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
	const char *end = buf_str(list) + list->len;
	struct accounts a = {.has_gshadow = false};
	struct err err = {0};
	bool written;

	written = read_files(&a, &err) == 0;
	for (const char *at = buf_str(list); written && at < end;) {
		struct account u = next_account(&at, end);

		accounts_add(&a, &u, shell);
	}
	written = written && write_files(&a, &err) == 0;
	if (!written)
		warn(b, buf_str(list), &err);
	for (const char *at = buf_str(list); written && at < end;) {
		struct account u = next_account(&at, end);

		if (settle(&a, u.name, &err) < 0)
			warn(b, u.name, &err);
	}
	accounts_free(&a);
}
