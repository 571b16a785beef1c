/* fuzz_json.c - any bytes as QMP; what parses is quoted and parsed again */
#include "fuzz.h"

#include <stdlib.h>

#include "base/json.h"

static void walk(const struct json *j)
{
	for (; j; j = j->next) {
		cleanup_buf struct buf quoted = {0};
		struct json *again;

		walk(j->child);
		if (j->kind != JSON_STRING)
			continue;
		json_quote(&quoted, j->text);
		again = json_parse(quoted.data, quoted.len, NULL);
		if (!again)
			abort();
		json_free(again);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err err = {0};
	struct json *j = json_parse((const char *)data, n, &err);

	if (!j && !err.text[0])
		abort();
	walk(j);
	json_free(j);
	return 0;
}
