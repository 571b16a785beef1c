/* embedded.c - the agent's executable, which vmtap carries inside itself
 *
 * The assembler copies build/vmtap-agent.gz in; the Makefile passes its folder and
 * makes this object depend on it.
 */
#include "image/embedded.h"

#include <stdint.h>

__asm__(".section .rodata\n"
	".balign 16\n"
	"embedded_agent_start: .incbin \"vmtap-agent.gz\"\n"
	"embedded_agent_end: .byte 0\n"
	".previous\n");

extern const unsigned char embedded_agent_start[], embedded_agent_end[];

const void *embedded_agent(size_t *len)
{
	*len = (size_t)((uintptr_t)embedded_agent_end - (uintptr_t)embedded_agent_start);
	return embedded_agent_start;
}
