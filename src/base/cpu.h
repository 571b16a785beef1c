/* cpu.h - the processor that this code is compiled for: its registers and a few of its instructions
 *
 * A row a processor, chosen by the compiler: the agent is compiled for the
 * guest's processor, the script engine for the host's. It is here because
 * agent/ and script/ may not include qemu/, where arch.h has what QEMU and a
 * guest's kernel are told about a processor.
 *
 * A new row needs all of these names; the code that uses them stays as it is.
 */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)

#define CPU_NAME "x86_64" /* as uname -m prints it */

/* Program counter, stack and frame pointer of a ucontext_t, which a signal's handler is given (<ucontext.h>). */
#define CPU_CONTEXT_PC(c) ((uintptr_t)(c)->uc_mcontext.gregs[REG_RIP])
#define CPU_CONTEXT_SP(c) ((uintptr_t)(c)->uc_mcontext.gregs[REG_RSP])
#define CPU_CONTEXT_FP(c) ((uintptr_t)(c)->uc_mcontext.gregs[REG_RBP])

/*
 * Let the code that a signal has interrupted call @f, as if it did so itself:
 * behind the red zone that it may use below its stack pointer (System V ABI,
 * 3.2.2). The address to return to is one byte behind the interrupted
 * instruction's beginning, so that a search for the line of a call finds it.
 */
#define cpu_context_call(c, f)                                                                    \
	do {                                                                                      \
		greg_t *regs_ = (c)->uc_mcontext.gregs;                                           \
		uintptr_t *sp_ = (uintptr_t *)(((uintptr_t)regs_[REG_RSP] - 128) & ~(uintptr_t)15) - 1; \
                                                                                                  \
		*sp_ = (uintptr_t)regs_[REG_RIP] + 1;                                             \
		regs_[REG_RSP] = (greg_t)(uintptr_t)sp_;                                          \
		regs_[REG_RIP] = (greg_t)(uintptr_t)(f);                                          \
	} while (0)

/* Members of a struct user_regs_struct, the registers of a traced process (<sys/user.h>). */
#define CPU_REGS_PC   rip
#define CPU_REGS_SP   rsp
#define CPU_REGS_ARG0 rdi /* a function's first argument */
#define CPU_REGS_ARG1 rsi

/* int3: the bytes of a word that it replaces, and how far behind its address the process stops. */
#define CPU_BREAKPOINT	     0xccUL
#define CPU_BREAKPOINT_MASK  0xffUL
#define CPU_BREAKPOINT_AFTER 1

/**
 * cpu_find_main() - Read main()'s address out of a program's start-up code
 * @code:	@n bytes from the program's entry point
 * @at:		Their address
 *
 * The start-up code of every C library, which has not changed for twenty years,
 * loads main() into the first argument: "mov $main, %rdi", or
 * "lea main(%rip), %rdi" in a program that may be anywhere.
 *
 * Return: the address, or 0 when there is no such instruction
 */
static inline unsigned long cpu_find_main(const unsigned char *code, size_t n, unsigned long at)
{
	int32_t operand;

	for (size_t i = 0; i + 7 <= n; i++) {
		memcpy(&operand, code + i + 3, sizeof(operand));
		if (!memcmp(code + i, "\x48\xc7\xc7", 3))
			return (unsigned long)(long)operand;
		if (!memcmp(code + i, "\x48\x8d\x3d", 3))
			return at + i + 7 + (unsigned long)(long)operand;
	}
	return 0;
}

#else
#error "cpu.h has no row for this processor"
#endif

#endif
