/* unready.c - why a guest did not boot, as far as its console and its settings tell (pure)
 *
 * What a kernel says on its way down is known, and so is what is to be done about
 * it; who sees it for the first time does not know. Our own agent's last words
 * come before what kernels say: they are about this guest.
 */
#include "machine/unready.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define WORDS_MAX 400 /* bytes of the agent's last words */

static const char rom_line[] = "Booting from ROM"; /* SeaBIOS, before it hands over to the kernel */

static const char last_words[] = "vmtap: "; /* agent/main.c */

#define FEW "the guest has too little memory"

/* Texts of Linux 4.x to 6.x; the first row that is met counts. */
static const struct cause {
	const char *said, *advice;
} causes[] = {
	{"System is deadlocked on memory", FEW},
	{"Out of memory", FEW},
	{"out of memory", FEW},
	{"page allocation failure", FEW},
	{"not enough memory", FEW},
	{"Initramfs unpacking failed: write error", "the initramfs does not fit into the guest's memory"},
	{"Initramfs unpacking failed", "the kernel cannot unpack an .initrd that is damaged, cut short by too little memory, or "
				       "compressed by a method that the kernel lacks (CONFIG_RD_...)"},
	{"junk within compressed archive", "the .initrd is damaged, or cut short by too little memory"},
	{"Unable to mount root fs", "the kernel did not take the initramfs: it needs CONFIG_BLK_DEV_INITRD=y, and memory for it"},
	{"No working init found", "the kernel cannot run the agent: it needs CONFIG_BINFMT_ELF=y and CONFIG_64BIT=y, and memory"},
};

/* Return: the agent's last words, up to the kernel's own next ones, in one line that the caller frees; or NULL. */
static char *agent_words(const char *console)
{
	const char *at = console, *found = NULL;
	cleanup_buf struct buf words = {0};

	while ((at = strstr(at, last_words)))
		found = at += sizeof(last_words) - 1;
	for (at = found; at && *at && *at != '[' && words.len < WORDS_MAX; at += *at == '\n') {
		size_t n = strcspn(at, "\n");

		buf_addf(&words, "%s%.*s", words.len ? "; " : "", (int)n, at);
		at += n;
	}
	return words.len ? buf_steal(&words) : NULL;
}

/* Firmware's last line has no end, and a kernel that says something goes on in it. */
static bool is_silent(const char *console)
{
	const char *rom = strstr(console, rom_line);

	return !*console || (rom && rom[sizeof(rom_line) - 1 + strspn(rom + sizeof(rom_line) - 1, ".\r\n ")] == '\0');
}

char *unready_cause(const char *console, size_t n, int memory, bool heard)
{
	cleanup_free char *words = heard ? NULL : agent_words(console);

	if (words)
		return xasprintf("its agent said: %s", words);
	for (const struct cause *c = causes; c < causes + ARRAY_SIZE(causes); c++)
		if (memmem(console, n, c->said, strlen(c->said)))
			return xasprintf("probably %s (.memory is %d MiB)", c->advice, memory);
	if (!heard && is_silent(console))
		return xasprintf("its kernel said nothing: probably it does not fit into %d MiB (.memory), cannot be started by "
				 "QEMU (a vmlinux needs CONFIG_PVH=y), or has no console (CONFIG_SERIAL_8250_CONSOLE=y)", memory);
	return NULL;
}
