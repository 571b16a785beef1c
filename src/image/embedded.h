/* embedded.h - the agent's executable, which vmtap carries inside itself */
#ifndef IMAGE_EMBEDDED_H
#define IMAGE_EMBEDDED_H

#include <stddef.h>

/* Return: the ELF image of the agent as gzip(1) leaves it; @len is set to its bytes. */
const void *embedded_agent(size_t *len);

#endif
