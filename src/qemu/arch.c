/* arch.c - the rows of all processors */
#include "qemu/arch.h"

#include <assert.h>
#include <string.h>

#include "base/cpu.h"
#include "base/mem.h"

static const struct arch *const rows[] = {&arch_x86_64};

const struct arch *arch_host(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i]->name, CPU_NAME) == 0)
			return rows[i];
	assert(!"cpu.h and arch.c have the same rows");
	return rows[0];
}
