/* trouble.c - a module for Linux in which goes wrong what is asked for when it is loaded; `make` beside it compiles it
 *
 * No stock kernel has the lock checker (CONFIG_PROVE_LOCKING): what that says is printed here, as the kernel's own, in the
 * words of print_deadlock_bug() (kernel/locking/lockdep.c). All else is real.
 */
#define INFO(tag, value) static const char info_##tag[] __attribute__((section(".modinfo"), used)) = #tag "=" value

INFO(license, "GPL");
INFO(name, NAME);
INFO(vermagic, VERMAGIC);

int _printk(const char *format, ...);

enum { BUGFLAG_WARNING = 1, BUGFLAG_NO_CUT_HERE = 8 };

/* BUG() and WARN_ON() are a trap, and a row that tells where it is (arch/x86/include/asm/bug.h). */
#define TRAP(flags)                                                              \
	__asm__ volatile("1: ud2\n"                                              \
			 ".pushsection __bug_table, \"aw\"\n"                    \
			 ".long 1b - ., %c0 - .\n"                               \
			 ".word %c1, %c2\n"                                      \
			 ".popsection" : : "i"(__FILE__), "i"(__LINE__), "i"(flags))

static int oops(void)
{
	return *(volatile int *)0;
}

static int bug(void)
{
	TRAP(0);
	return 0;
}

static int opcode(void)
{
	__asm__ volatile("ud2");
	return 0;
}

/* As WARN(1, "trouble: ...") */
static int warning(void)
{
	_printk("\0014" "------------[ cut here ]------------\n");
	_printk("\0014" "trouble: 3 is not 4\n");
	TRAP(BUGFLAG_WARNING | BUGFLAG_NO_CUT_HERE);
	return 0;
}

static int warnings(void)
{
	for (int i = 0; i < 25; i++)
		warning();
	return 0;
}

static int lockdep(void)
{
	static const char *const lines[] = {
		"============================================", "WARNING: possible recursive locking detected",
		"--------------------------------------------", "insmod/1 is trying to acquire lock:",
		"\nbut task is already holding lock:", "\nother info that might help us debug this:", " Possible unsafe locking scenario:\n",
		"\n *** DEADLOCK ***\n", "\nstack backtrace:", "Call Trace:", " <TASK>", " </TASK>",
	};

	for (unsigned i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		_printk("\0014%s\n", lines[i]);
	return 0;
}

__attribute__((used)) static int (*const begin)(void) = KIND;

/* struct module: only its name's place is the same everywhere (include/linux/module.h). */
__asm__(".pushsection .gnu.linkonce.this_module, \"aw\"\n"
	".balign 64\n"
	".skip 24\n"
	".asciz \"" NAME "\"\n"
	".org " INIT_OFFSET "\n"
	".quad " NAME "\n"
	".org " MODULE_SIZE "\n"
	".popsection\n"
	".pushsection __versions, \"a\"\n"
	".balign 32\n"
	".incbin \"" VERSIONS "\"\n"
	".popsection");
