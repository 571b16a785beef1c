/* vary.c - one script over a matrix: other values for fields of its machines than it gives */
#include "script/vary.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "script/compiled.h"

/* What a field holds, told by its type in types.h. */
enum kind { KIND_TEXT, KIND_NUMBER, KIND_REAL, KIND_SWITCH };

struct vary_field {
	const char *name;
	enum kind kind;
	size_t offset; /* in struct vm_options */
};

#define KIND(member)                                                                                                    \
	_Generic(((struct vm_options *)NULL)->member, const char *: KIND_TEXT, long: KIND_NUMBER, double: KIND_REAL, bool: KIND_SWITCH)
#define FIELD(member) {#member, KIND(member), offsetof(struct vm_options, member)}

/* All that hold one value; tests/build/porting compares this with types.h. */
static const struct vary_field fields[] = {
	FIELD(image), FIELD(kernel), FIELD(initrd), FIELD(append), FIELD(memory), FIELD(cpus), FIELD(cpu), FIELD(arch),
	FIELD(hostname), FIELD(ready), FIELD(provision), FIELD(clock), FIELD(snapshot), FIELD(keep), FIELD(root_size), FIELD(reboot_ok),
	FIELD(firmware), FIELD(display), FIELD(tpm),
};

/* ---- what the user wrote ---- */

static int find_field(struct vary *v, const char *name, struct err *err)
{
	const char *names[ARRAY_SIZE(fields) + 1] = {NULL}, *near;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		names[i] = fields[i].name;
		if (strcmp(name, fields[i].name) == 0)
			v->field = &fields[i];
	}
	if (v->field)
		return 0;
	err_set(err, "--vary=%s: there is no field '%s' that holds one value", v->text, name);
	near = text_nearest(name, names);
	if (near)
		return err_hint(err, "did you mean '%s'?", near);
	return err_hint(err, "man vmtap-script lists the fields of a machine");
}

static int check_value(const struct vary *v, const char *value, struct err *err)
{
	char *end;

	if (!*value)
		return err_set(err, "--vary=%s: a value is empty", v->text);
	for (size_t i = 0; i < v->nvalues; i++)
		if (strcmp(v->values[i], value) == 0)
			return err_set(err, "--vary=%s: '%s' is there twice", v->text, value);
	if (v->field->kind == KIND_TEXT)
		return 0;
	if (v->field->kind == KIND_REAL)
		(void)strtod(value, &end);
	else
		(void)strtol(value, &end, 10);
	if (*end)
		return err_set(err, "--vary=%s: '%s' is not a %snumber", v->text, value, v->field->kind == KIND_REAL ? "" : "whole ");
	if (v->field->kind == KIND_SWITCH && strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
		return err_set(err, "--vary=%s: '%s' is neither 0 nor 1", v->text, value);
	return 0;
}

static int read_values(struct vary *v, const char *list, struct err *err)
{
	if (!*list) {
		err_set(err, "--vary=%s: there are no values", v->text);
		return err_hint(err, "write them behind the '=', with commas between them: server.image=a.tar,b.tar");
	}
	for (;;) {
		size_t n = strcspn(list, ",");
		cleanup_free char *value = xstrndup(list, n);

		if (check_value(v, value, err) < 0)
			return -1;
		v->values = xrealloc(v->values, (v->nvalues + 1) * sizeof(*v->values));
		v->values[v->nvalues++] = steal(value);
		if (!list[n])
			return 0;
		list += n + 1;
	}
}

static int read_one(struct vary *v, const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');
	cleanup_free char *left = xstrndup(text, equals ? (size_t)(equals - text) : 0);
	char *dot = strrchr(left, '.');

	*v = (struct vary){.text = text};
	if (!equals) {
		err_set(err, "--vary=%s: there is no '=' in it", text);
		return err_hint(err, "write a machine, a field and its values: server.image=a.tar,b.tar");
	}
	if (dot) {
		if (dot == left)
			return err_set(err, "--vary=%s: the machine's name is empty", text);
		*dot = '\0';
		v->machine = xstrdup(left);
	}
	return find_field(v, dot ? dot + 1 : left, err) < 0 ? -1 : read_values(v, equals + 1, err);
}

/* Two that give values to one field of one machine contradict each other. */
static int check_unique(const struct varies *all, const struct vary *v, struct err *err)
{
	for (const struct vary *other = all->list; other < v; other++)
		if (other->field == v->field && (!other->machine || !v->machine || strcmp(other->machine, v->machine) == 0))
			return err_set(err, "--vary=%s and --vary=%s give values to one field", other->text, v->text);
	return 0;
}

int varies_read(struct varies *v, const char *const *texts, size_t n, struct err *err)
{
	*v = (struct varies){.count = 0};
	for (size_t i = 0; i < n; i++) {
		if (v->count == VARIES_MAX)
			return err_set(err, "--vary is given more than %d times", VARIES_MAX);
		if (read_one(&v->list[v->count], texts[i], err) < 0 || check_unique(v, &v->list[v->count], err) < 0)
			return -1;
		v->count++;
	}
	return 0;
}

/* ---- what that is for a script ---- */

/* Return: whether @v is about the machine @name, which @declared may say is an element of an array. */
static bool is_about(const struct vary *v, const char *declared, const char *name)
{
	return !v->machine || strcmp(v->machine, name) == 0 || strcmp(v->machine, declared) == 0;
}

bool vary_concerns(const struct vary *v, const struct script *s)
{
	for (size_t i = 0; i < s->machine_count; i++)
		if (is_about(v, s->machines[i].declared, s->machines[i].name))
			return true;
	return false;
}

bool variant_make(const struct varies *v, const struct script *s, size_t number, struct variant *out)
{
	*out = (struct variant){.count = 0};
	for (size_t i = 0; i < v->count; i++)
		if (vary_concerns(&v->list[i], s))
			out->values[out->count++].vary = &v->list[i];
	for (size_t i = out->count; i-- > 0;) {
		const struct vary *vary = out->values[i].vary;

		out->values[i].value = vary->values[number % vary->nvalues];
		number /= vary->nvalues;
	}
	return number == 0;
}

void variant_describe(const struct variant *v, struct buf *out)
{
	for (size_t i = 0; i < v->count; i++) {
		const struct vary *vary = v->values[i].vary;

		buf_addf(out, "%s%s%s%s=%s", i ? ", " : "", vary->machine ? vary->machine : "", vary->machine ? "." : "",
			 vary->field->name, v->values[i].value);
	}
}

static void set_value(struct vmtap_machine *m, const struct vary_field *f, const char *value)
{
	char *at = (char *)&m->options + f->offset;
	long number = strtol(value, NULL, 10);
	double real = strtod(value, NULL);
	bool on = number != 0;

	switch (f->kind) {
	case KIND_TEXT:
		memcpy(at, &value, sizeof(value));
		break;
	case KIND_NUMBER:
		memcpy(at, &number, sizeof(number));
		break;
	case KIND_REAL:
		memcpy(at, &real, sizeof(real));
		break;
	case KIND_SWITCH:
		memcpy(at, &on, sizeof(on));
		break;
	}
	m->given = xasprintf(".%s = varied, %s", f->name, m->given); /* a 0 that was given is told from none by this */
}

const struct vmtap_machine *variant_apply(const struct variant *v, const struct vmtap_machine *m, const char *name)
{
	struct vmtap_machine *copy = NULL;

	for (size_t i = 0; v && i < v->count; i++) {
		const struct variant_value *value = &v->values[i];

		if (!is_about(value->vary, m->name, name))
			continue;
		if (!copy) {
			copy = xmalloc(sizeof(*copy));
			*copy = *m;
		}
		set_value(copy, value->vary->field, value->value);
	}
	return copy ? copy : m;
}
