/* sha256.c - SHA-256 against the examples of FIPS 180-4 */
#include "unit.h"

#include "base/sha256.h"

static const char *sum(const char *text, size_t times)
{
	static char hex[SHA256_HEX];
	struct sha256 s;

	sha256_init(&s);
	while (times--)
		sha256_add(&s, text, strlen(text));
	sha256_hex(&s, hex);
	return hex;
}

TEST(sha256, abc)
{
	CHECK_STR(sum("abc", 1), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(sha256, nothing)
{
	CHECK_STR(sum("", 1), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(sha256, million_letters_in_odd_pieces)
{
	CHECK_STR(sum("aaaaaaaaaa", 100000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(sha256, strings_are_delimited)
{
	struct sha256 a, b;
	char x[SHA256_HEX], y[SHA256_HEX];

	sha256_init(&a);
	sha256_add_str(&a, "ab");
	sha256_add_str(&a, "c");
	sha256_hex(&a, x);
	sha256_init(&b);
	sha256_add_str(&b, "a");
	sha256_add_str(&b, "bc");
	sha256_hex(&b, y);
	CHECK(strcmp(x, y) != 0);
}
