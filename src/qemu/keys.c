/* keys.c - keys of a keyboard, as QMP's send-key takes them */
#include "qemu/keys.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

/* What is neither a letter nor a digit: the key, and what it types without and with the shift key. */
static const struct {
	char plain, shifted;
	const char *name;
} keys[] = {
	{'-', '_', "minus"},	{'=', '+', "equal"},	   {'[', '{', "bracket_left"}, {']', '}', "bracket_right"},
	{';', ':', "semicolon"}, {'\'', '"', "apostrophe"}, {'`', '~', "grave_accent"}, {'\\', '|', "backslash"},
	{',', '<', "comma"},	{'.', '>', "dot"},	   {'/', '?', "slash"},	       {' ', 0, "spc"},
	{'\n', 0, "ret"},	{'\t', 0, "tab"},	   {'\b', 0, "backspace"},     {'\033', 0, "esc"},
};

static const char shifted_digits[] = ")!@#$%^&*(";

static void add_key(struct buf *out, const char *name, size_t n)
{
	cleanup_free char *copy = xstrndup(name, n);

	if (out->data[out->len - 1] != '[')
		buf_addc(out, ',');
	buf_adds(out, "{\"type\":\"qcode\",\"data\":");
	json_add_string(out, copy);
	buf_addc(out, '}');
}

static int add_typed(struct buf *out, bool shift, const char *name)
{
	buf_addc(out, '[');
	if (shift)
		add_key(out, "shift", strlen("shift"));
	add_key(out, name, strlen(name));
	buf_addc(out, ']');
	return shift ? 2 : 1;
}

int keys_of_char(char c, struct buf *out)
{
	const char *digit = c ? strchr(shifted_digits, c) : NULL;
	char name[2] = {0};

	name[0] = digit ? (char)('0' + (digit - shifted_digits)) : (char)tolower((unsigned char)c);
	if (digit || (isascii(c) && isalnum((unsigned char)c)))
		return add_typed(out, digit || isupper((unsigned char)c), name);
	for (size_t i = 0; i < ARRAY_SIZE(keys) && c; i++)
		if (keys[i].plain == c || keys[i].shifted == c)
			return add_typed(out, keys[i].shifted == c, keys[i].name);
	return 0;
}

int keys_of_names(const char *names, struct buf *out)
{
	int count = 0;

	if (strlen(names) == 1) /* not a name of QEMU's, all of them */
		return keys_of_char(*names, out);
	buf_addc(out, '[');
	for (;; names++) {
		size_t n = strcspn(names, "-");

		if (n == 0 || n > KEYS_NAME_MAX || ++count > KEYS_MAX)
			return 0;
		add_key(out, names, n);
		names += n;
		if (!*names)
			break;
	}
	buf_addc(out, ']');
	return count;
}
