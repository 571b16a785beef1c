/* events.c - the events that QEMU has told of, for a script that waits for one */
#include "machine/events.h"

#include <string.h>

#include "base/mem.h"

static void remove_one(struct events *e, size_t i)
{
	memmove(&e->texts[i], &e->texts[i + 1], (--e->count - i) * sizeof(e->texts[0]));
}

void events_add(struct events *e, const struct json *message)
{
	struct buf text = {0};

	json_print(&text, message);
	if (text.len > EVENTS_TEXT_MAX) {
		buf_free(&text);
		return;
	}
	if (e->count == EVENTS_MAX) {
		free(e->texts[0]);
		remove_one(e, 0);
	}
	e->texts[e->count++] = buf_steal(&text);
}

/* Return: the text of a value that is no object and no array, or NULL. */
static const char *value_text(const struct json *v)
{
	if (!v)
		return NULL;
	switch (v->kind) {
	case JSON_NULL:
		return "null";
	case JSON_FALSE:
		return "false";
	case JSON_TRUE:
		return "true";
	case JSON_NUMBER:
	case JSON_STRING:
		return v->text;
	case JSON_ARRAY:
	case JSON_OBJECT:
		return NULL;
	}
	return NULL;
}

/* "a.b=x, c=y" */
static bool says(const struct json *message, const char *content)
{
	while (*content) {
		size_t path_n = strcspn(content, "="), value_n;
		cleanup_free char *path = xstrndup(content, path_n);
		const char *value = content + path_n + (content[path_n] == '='), *found;

		value_n = strcspn(value, ",");
		found = value_text(json_get(message, path));
		if (!found || strlen(found) != value_n || memcmp(found, value, value_n) != 0)
			return false;
		content = value + value_n;
		content += strspn(content, ", ");
	}
	return true;
}

char *events_take(struct events *e, const char *name, const char *content)
{
	for (size_t i = 0; i < e->count; i++) {
		char *text = e->texts[i];
		struct json *j = json_parse(text, strlen(text), NULL);
		const char *event = j ? json_text(j, "event") : NULL;
		bool found = event && strcmp(event, name) == 0 && says(j, content);

		json_free(j);
		if (!found)
			continue;
		remove_one(e, i);
		return text;
	}
	return NULL;
}

char *events_names(const struct events *e)
{
	struct buf names = {0};

	for (size_t i = 0; i < e->count; i++) {
		struct json *j = json_parse(e->texts[i], strlen(e->texts[i]), NULL);
		const char *event = j ? json_text(j, "event") : NULL;

		buf_addf(&names, "%s%s", names.len ? ", " : "", event ? event : "?");
		json_free(j);
	}
	return buf_steal(&names);
}

void events_clear(struct events *e)
{
	while (e->count)
		free(e->texts[--e->count]);
}
