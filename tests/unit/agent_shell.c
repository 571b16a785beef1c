/* agent_shell.c - a shell for a person: its input, its end, and a window of output that nobody takes */
#include "unit.h"

#include "agent.h"

static void begin(struct host *h, uint32_t columns)
{
	struct frame f;
	size_t mark;

	host_begin(h, "");
	f = host_hear(h);
	CHECK_INT(f.type, WIRE_HELLO);
	mark = wire_begin(&h->out, WIRE_SHELL, 1);
	wire_put_str(&h->out, "dumb");
	wire_put_u32(&h->out, columns);
	wire_put_u32(&h->out, columns ? 31 : 0);
	wire_end(&h->out, mark);
	host_say(h, WIRE_PING, 2, NULL);
	f = host_hear(h);
	CHECK(f.type == WIRE_TAKEN && f.id == 1); /* it is there */
	f = host_hear(h);
	CHECK(f.type == WIRE_DONE && f.id == 2);
}

static void type(struct host *h, const char *text)
{
	host_say(h, WIRE_INPUT, 1, text);
}

/* Return: what the shell wrote until its EXIT, or until @most bytes came. */
static const char *read_shell(struct host *h, size_t most, struct frame *last)
{
	static struct buf all;

	buf_clear(&all);
	for (;;) {
		struct wire_reader r;
		const char *bytes;
		size_t n;

		*last = host_hear(h);
		if (last->type == WIRE_TAKEN)
			continue;
		if (last->type != WIRE_OUTPUT)
			return buf_str(&all);
		r = wire_read(last);
		wire_get_u8(&r);
		bytes = wire_get_bytes(&r, &n);
		buf_add(&all, bytes, n);
		if (all.len >= most)
			return buf_str(&all);
	}
}

static uint32_t status_of(const struct frame *f)
{
	struct wire_reader r = wire_read(f);

	CHECK_INT(f->type, WIRE_EXIT);
	return wire_get_u32(&r);
}

TEST(shell, on_pipes_it_reads_its_input_to_the_end)
{
	struct host h;
	struct frame f;

	begin(&h, 0);
	type(&h, "tty; read x; echo \"<$x>\"\nline\n");
	type(&h, "exit 7\n");
	CHECK_STR(read_shell(&h, SIZE_MAX, &f), "not a tty\n<line>\n");
	CHECK_INT(status_of(&f), 7);
	host_end(&h);

	begin(&h, 0);
	type(&h, "");
	CHECK_STR(read_shell(&h, SIZE_MAX, &f), "");
	CHECK_INT(status_of(&f), 0);
	host_end(&h);
}

TEST(shell, input_for_one_that_has_ended_means_nothing)
{
	struct host h;
	struct frame f;

	begin(&h, 0);
	type(&h, "exit 1\n");
	read_shell(&h, SIZE_MAX, &f);
	CHECK_INT(status_of(&f), 1);
	type(&h, "echo still here\n");
	host_say(&h, WIRE_PING, 2, NULL);
	f = host_hear(&h);
	CHECK(f.type == WIRE_DONE && f.id == 2);
	host_end(&h);
}

TEST(shell, output_that_nobody_takes_stops_it)
{
	struct host h;
	struct frame f;

	begin(&h, 0);
	type(&h, "exec cat /dev/zero\n");
	read_shell(&h, WIRE_SHELL_WINDOW, &f);
	/* More than a window does not come, whatever else does. */
	host_say(&h, WIRE_PING, 2, NULL);
	f = host_hear(&h);
	CHECK(f.type == WIRE_DONE && f.id == 2);
	host_say(&h, WIRE_CANCEL, 1, NULL);
	do
		f = host_hear(&h);
	while (f.type == WIRE_OUTPUT || f.type == WIRE_TAKEN);
	CHECK_INT(f.type, WIRE_EXIT);
	host_end(&h);
}

TEST(shell, on_a_terminal_it_has_its_size_and_hears_of_a_new_one)
{
	struct host h;
	struct frame f;
	size_t mark;

	begin(&h, 97);
	mark = wire_begin(&h.out, WIRE_RESIZE, 1);
	wire_put_u32(&h.out, 50);
	wire_put_u32(&h.out, 10);
	wire_end(&h.out, mark);
	type(&h, "stty size; exit 3\n");
	CHECK(strstr(read_shell(&h, SIZE_MAX, &f), "10 50"));
	CHECK_INT(status_of(&f), 3);
	host_end(&h);
}
