/* texts.c - what a script declares about the inside of a guest, as the guest gets it */
#include "cmd/texts.h"

#include <string.h>

#include "wire/boot.h"

static void add(struct buf *out, const char *text)
{
	buf_add(out, text ? text : "", text ? strlen(text) + 1 : 1);
}

/* A password in clear stands behind a '=', and is hashed when the guest is made: who finds it made need not wait. */
static void add_password(struct buf *out, const char *password)
{
	if (!password)
		buf_adds(out, BOOT_NO_PASSWORD);
	else if (*password && *password != '$')
		buf_addc(out, '=');
	add(out, password);
}

void texts_users(const struct vm_options *o, struct buf *out)
{
	for (const struct vm_user *u = o->users; u->name; u++) {
		add(out, u->name);
		add_password(out, u->password);
		add(out, u->groups);
		add(out, u->home);
		add(out, u->shell);
		if (u->uid)
			buf_addf(out, "%ld", u->uid);
		buf_addc(out, '\0');
	}
}

void texts_env(const struct vm_options *o, struct buf *out)
{
	for (const char *const *variable = o->env; *variable; variable++)
		add(out, *variable);
}
