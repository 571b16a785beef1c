/* control.c - calls that speak to a machine's QEMU itself
 *
 * A "quit" cuts the power: the call is answered when the machine is OFF, as
 * crash() is. Other commands may have QEMU end later (a power button): that is
 * the test's wish, too, and no fault of the host.
 */
#include "world/control.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"

/* From now on an end of QEMU may be the test's wish. */
static struct qmp *steer(struct call *c)
{
	c->stage = CALL_CONTROL;
	c->life->machine->steered = true;
	return &c->life->machine->qmp;
}

static bool is_quit(const struct call *c)
{
	struct json *j = c->kind == WIRE_CALL_QMP ? json_parse(c->first, strlen(c->first), NULL) : NULL;
	const char *command = j ? json_text(j, "execute") : c->first;
	bool quits = command && (strcmp(command, "quit") == 0 || (!j && strcmp(command, "q") == 0));

	json_free(j);
	return quits;
}

/* What the monitor prints is for a terminal, with a carriage return in each line. */
static void add_plain(struct buf *out, const char *text)
{
	for (; *text; text++)
		if (*text != '\r')
			buf_addc(out, *text);
}

static void answered(void *arg, const struct json *reply, const char *error)
{
	struct call *c = arg;
	cleanup_free char *why = error ? xasprintf("QEMU refuses it: %s", error) : NULL;
	cleanup_buf struct buf text = {0};

	if (reply && c->kind == WIRE_CALL_MONITOR && reply->kind == JSON_STRING)
		add_plain(&text, reply->text);
	else if (reply)
		json_print(&text, reply);
	if (why)
		call_answer(c, WIRE_FAILED, why);
	else if (is_quit(c))
		c->stage = CALL_STOPPING;
	else if (call_output(c, WIRE_STDOUT, buf_str(&text), text.len))
		call_answer(c, WIRE_OK, "");
}

void order_monitor(struct call *c)
{
	cleanup_buf struct buf arguments = {0};

	buf_adds(&arguments, "{\"command-line\":");
	json_add_string(&arguments, c->first);
	buf_addc(&arguments, '}');
	qmp_send(steer(c), "human-monitor-command", buf_str(&arguments), answered, c);
}

/* Only what QEMU answers once and in its turn: an "id" would come back, and "exec-oob" out of it. */
static const char *find_fault(const struct json *command)
{
	if (command->kind != JSON_OBJECT)
		return "it is no JSON object";
	for (const struct json *j = command->child; j; j = j->next)
		if (strcmp(j->key, "execute") != 0 && strcmp(j->key, "arguments") != 0)
			return "it has a member that is neither \"execute\" nor \"arguments\"";
	return json_text(command, "execute") ? NULL : "\"execute\" must be the name of a command";
}

void order_qmp(struct call *c)
{
	struct err err = {0};
	struct json *command = json_parse(c->first, strlen(c->first), &err);
	const char *fault = command ? find_fault(command) : err.text;
	cleanup_buf struct buf text = {0};

	if (command)
		json_print(&text, command);
	json_free(command);
	if (fault)
		call_answer(c, WIRE_REFUSED, fault);
	else
		qmp_send_text(steer(c), buf_str(&text), answered, c);
}
