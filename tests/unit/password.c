/* password.c - a password as a guest keeps it */
#include "unit.h"

#include <crypt.h>

#include "image/password.h"

TEST(password, it_is_one_that_crypt_takes_and_the_same_each_time)
{
	cleanup_buf struct buf a = {0}, b = {0}, other = {0};

	CHECK_INT(password_hash("alice", "secret: with blanks", &a, NULL), 0);
	CHECK_HAS(buf_str(&a), "$6$rounds=1000$");
	CHECK_STR(crypt("secret: with blanks", buf_str(&a)), buf_str(&a));
	CHECK_INT(strcmp(crypt("secret", buf_str(&a)), buf_str(&a)) != 0, 1);
	password_hash("alice", "secret: with blanks", &b, NULL);
	CHECK_STR(buf_str(&a), buf_str(&b));
	password_hash("bob", "secret: with blanks", &other, NULL);
	CHECK_INT(strcmp(buf_str(&a), buf_str(&other)) != 0, 1);
}
