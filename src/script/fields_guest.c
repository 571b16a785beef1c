/* fields_guest.c - what the fields of vm() may say that are about the inside of the guest
 *
 * What useradd(8) would refuse is refused here, where there is a line to point
 * at: in the guest a colon would begin the next field of its /etc/passwd.
 */
#include "script/fields_guest.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "script/fields.h"
#include "wire/ready.h"

#define USER_NAME_MAX 32	  /* useradd(8); utmp(5) has room for no more */
#define PASSWORD_MAX  256	  /* bytes: crypt(3) takes no more of one */
#define GROUPS_MAX    512	  /* bytes of a list */
#define UID_MAX	      4294967294L /* the next one means "no change" to chown(2) */
#define ENV_BYTES_MAX 32768	  /* of all variables: what the agent reads has a limit */
#define READY_MAX     4096	  /* bytes: a command that is longer is a script */

/* ---- users ---- */

/* Return: whether @n bytes are a user's or a group's name to useradd(8), and so to every program. */
static bool is_account(const char *name, size_t n)
{
	if (!n || n > USER_NAME_MAX || (!islower((unsigned char)*name) && *name != '_'))
		return false;
	for (size_t i = 1; i < n; i++)
		if (!islower((unsigned char)name[i]) && !isdigit((unsigned char)name[i]) && !strchr("_-.", name[i]))
			return false;
	return true;
}

static void check_groups(const struct vmtap_machine *m, const struct vm_user *u, struct diagnostics *d)
{
	if (strlen(u->groups) > GROUPS_MAX) {
		diagnose(d, m->file, m->line, "the user '%s' has .groups of %zu bytes: they can have %d", u->name,
			 strlen(u->groups), GROUPS_MAX);
		return;
	}
	for (const char *at = u->groups + strspn(u->groups, ", "); *at; at += strspn(at, ", ")) {
		size_t n = strcspn(at, ", ");

		if (!is_account(at, n)) {
			diagnose(d, m->file, m->line, "the user '%s' has a group '%.*s': a group is lower-case letters, "
				 "digits, '_' and '-', with commas between several", u->name, (int)n, at);
			return;
		}
		at += n;
	}
}

static void check_path(const struct vmtap_machine *m, const char *user, const char *what, const char *path,
		       struct diagnostics *d)
{
	if (path && (*path != '/' || strpbrk(path, ":\r\n") || strlen(path) >= PATH_MAX))
		diagnose(d, m->file, m->line, "the user '%s' has %s '%.*s': it must be a path from / on, without ':'", user,
			 what, USER_NAME_MAX * 2, path);
}

/* "$6$salt$hash": what begins like that is nobody's password in clear. */
static bool is_hash(const char *text)
{
	const char *salt = strchr(text + 1, '$'), *hash = salt ? strrchr(salt + 1, '$') : NULL;

	return salt && salt > text + 1 && hash && hash[1];
}

static void check_password(const struct vmtap_machine *m, const struct vm_user *u, struct diagnostics *d)
{
	if (strlen(u->password) > PASSWORD_MAX)
		diagnose(d, m->file, m->line, "the user '%s' has a password of %zu bytes: it can have %d", u->name,
			 strlen(u->password), PASSWORD_MAX);
	else if (*u->password == '$' ? !is_hash(u->password) || strpbrk(u->password, ":\r\n") != NULL
				     : strpbrk(u->password, "\r\n") != NULL)
		diagnose(d, m->file, m->line, *u->password == '$' ?
			 "the user '%s' has a password that begins with '$' and is no hash: $id$salt$hash" :
			 "the user '%s' has a password of more than one line", u->name);
}

static void check_user(const struct vmtap_machine *m, const struct vm_user *u, struct diagnostics *d)
{
	if (!is_account(u->name, strlen(u->name))) {
		diagnose(d, m->file, m->line, "there cannot be a user '%.*s': a name is lower-case letters, digits, '_' and '-', "
			 "at most %d, and begins with a letter", USER_NAME_MAX * 2, u->name, USER_NAME_MAX);
		return;
	}
	for (const struct vm_user *other = m->options.users; other < u; other++)
		if (strcmp(other->name, u->name) == 0)
			diagnose(d, m->file, m->line, ".users has '%s' twice", u->name);
	if (u->uid < 0 || u->uid > UID_MAX)
		diagnose(d, m->file, m->line, "the user '%s' has .uid %ld: it must be 1 to %ld", u->name, u->uid, UID_MAX);
	if (u->groups)
		check_groups(m, u, d);
	if (u->password)
		check_password(m, u, d);
	check_path(m, u->name, ".home", u->home, d);
	check_path(m, u->name, ".shell", u->shell, d);
}

static bool is_given(const struct vm_user *u)
{
	return u->name || u->password || u->groups || u->home || u->shell || u->uid;
}

static void check_users(const struct vmtap_machine *m, struct diagnostics *d)
{
	const struct vm_user *users = m->options.users;
	size_t n = 0;

	if (fields_given(m->given, "users") && !is_given(&users[0]))
		diagnose(d, m->file, m->line, ".users is empty");
	for (; n < VM_USERS_MAX && is_given(&users[n]); n++) {
		if (!users[n].name) {
			diagnose(d, m->file, m->line, "user number %zu of .users has no name", n + 1);
			return;
		}
		check_user(m, &users[n], d);
	}
	for (size_t i = n; i <= VM_USERS_MAX; i++)
		if (is_given(&users[i])) {
			if (n == VM_USERS_MAX)
				diagnose(d, m->file, m->line, ".users has more than %d users", VM_USERS_MAX);
			else
				diagnose(d, m->file, m->line, ".users has an empty element before its end");
			return;
		}
}

/* ---- variables ---- */

/* Return: the length of a variable's name, 0 when the text is no variable. */
static size_t variable_name(const char *text)
{
	size_t n = 0;

	while (text[n] == '_' || (n ? isalnum((unsigned char)text[n]) : isalpha((unsigned char)text[n])))
		n++;
	return text[n] == '=' ? n : 0;
}

static void check_env(const struct vmtap_machine *m, struct diagnostics *d)
{
	const char *const *env = m->options.env;
	size_t bytes = 0;

	for (size_t i = 0; i < VM_ENV_MAX && env[i]; i++) {
		size_t n = variable_name(env[i]);

		bytes += strlen(env[i]) + 1;
		if (!n) {
			diagnose(d, m->file, m->line, ".env has '%.*s': it must be NAME=value", USER_NAME_MAX * 2, env[i]);
			return;
		}
		for (size_t k = 0; k < i; k++)
			if (strncmp(env[k], env[i], n + 1) == 0)
				diagnose(d, m->file, m->line, ".env has '%.*s' twice", (int)n, env[i]);
	}
	if (bytes > ENV_BYTES_MAX)
		diagnose(d, m->file, m->line, ".env has %zu bytes: it can have %d", bytes, ENV_BYTES_MAX);
}

/* ---- the rest ---- */

static void check_ready(const struct vmtap_machine *m, struct diagnostics *d)
{
	const char *text = m->options.ready;
	struct ready r = ready_read(text);

	if (!text)
		return;
	if (!text[strspn(text, " \t\r\n")])
		diagnose(d, m->file, m->line, ".ready is empty");
	else if (strlen(text) > READY_MAX)
		diagnose(d, m->file, m->line, ".ready has %zu bytes: it can have %d", strlen(text), READY_MAX);
	else if (r.what == WIRE_WAIT_PORT && (r.port < 1 || r.port > UINT16_MAX))
		diagnose(d, m->file, m->line, ".ready is '%s': a port is 1 to %d", text, UINT16_MAX);
}

static void check_tpm(const struct vmtap_machine *m, struct diagnostics *d)
{
	double tpm = m->options.tpm;

	if (tpm != 0 && tpm != 1 && tpm != 1.2 && tpm != 2)
		diagnose(d, m->file, m->line, ".tpm is %g: it must be 1 (a TPM 2.0), 2.0 or 1.2", tpm);
}

void fields_check_guest(const struct vmtap_machine *m, struct diagnostics *d)
{
	check_users(m, d);
	check_env(m, d);
	check_ready(m, d);
	check_tpm(m, d);
}
