/* files.h - READ_FILE and WRITE_FILE */
#ifndef AGENT_FILES_H
#define AGENT_FILES_H

#include "agent/agent.h"

/* Handle WIRE_READ_FILE, WIRE_WRITE_FILE and the DATA and END that follow it. */
void files_handle_read(struct agent *a, uint32_t id, struct wire_reader *r);
void files_handle_write(struct agent *a, uint32_t id, struct wire_reader *r);
void files_handle_data(struct agent *a, uint32_t id, struct wire_reader *r);
void files_handle_end(struct agent *a, uint32_t id, struct wire_reader *r);

#endif
