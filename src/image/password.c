/* password.c - a password as a guest keeps it */
#include "image/password.h"

#include <crypt.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/sha256.h"

#define SALT 16 /* bytes, the most that the method takes */

int password_hash(const char *user, const char *password, struct buf *out, struct err *err)
{
	cleanup_free struct crypt_data *work = xcalloc(1, sizeof(*work));
	cleanup_free char *setting = NULL;
	const char *hash;
	struct sha256 sum;
	char hex[SHA256_HEX];

	sha256_init(&sum);
	sha256_add_str(&sum, user);
	sha256_hex(&sum, hex);
	setting = xasprintf("$6$rounds=1000$%.*s$", SALT, hex);
	hash = crypt_r(password, setting, work);
	if (!hash || *hash != '$')
		return err_set(err, "the password of the user '%s' cannot be hashed", user);
	buf_adds(out, hash);
	return 0;
}
