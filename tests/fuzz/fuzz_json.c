/* fuzz_json.c - any bytes as QMP; what parses is a whole tree */
#include "fuzz.h"

#include <stdlib.h>

#include "base/json.h"

/* Every value is whole: strings and numbers have a text, the rest has none, and only arrays and objects have children. */
static void walk(const struct json *j)
{
	for (; j; j = j->next) {
		bool scalar = j->kind == JSON_STRING || j->kind == JSON_NUMBER;

		if (scalar != (j->text != NULL) || (j->child && j->kind != JSON_ARRAY && j->kind != JSON_OBJECT))
			abort();
		walk(j->child);
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
