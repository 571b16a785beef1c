/* trees.h - PUT_TREE and GET_TREE: files and folders from and to the host, as records (wire/tree.h) */
#ifndef AGENT_TREES_H
#define AGENT_TREES_H

#include "agent/agent.h"

/* Handle WIRE_PUT_TREE and the RECORDs that follow, and WIRE_GET_TREE. */
void trees_handle_put(struct agent *a, uint32_t id, struct wire_reader *r);
void trees_handle_record(struct agent *a, uint32_t id, struct wire_reader *r);
void trees_handle_get(struct agent *a, uint32_t id, struct wire_reader *r);

#endif
