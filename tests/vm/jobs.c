#!/usr/bin/env vmtap
/* jobs.c - commands that run beside the test */
use("lib/cold.c");

vm(m);

static int sleepers(void)
{
	return atoi(m.succeed("pidof sleep | wc -w"));
}

setup {
	m.spawn("echo left by setup >/run/setup; exec sleep 1000");
	m.wait_for_file("/run/setup");
}

test("what setup has left running is not there") {
	if (is_cold()) /* it was ended a moment ago */
		m.wait_until_fails("pidof sleep");
	is(sleepers(), 0);
}

test("a job is spoken to, and tells how it ended") {
	struct job *j = m.spawn("while read line; do echo \"got $line\"; done; echo bye >&2; exit 7");
	struct result r;

	ok(job_running(j));
	job_write(j, "one\n");
	job_write(j, "two\n");
	while (strcmp(job_output(j), "got one\ngot two\n"))
		;
	job_close(j);
	r = job_wait(j);
	is(r.status, 7);
	is(r.signal, 0);
	is(r.out, "got one\ngot two\n");
	is(r.err, "bye\n");
	ok(!job_running(j));
	is(job_wait(j).status, 7);
}

test("more than a pipe holds goes both ways") {
	struct job *j = m.spawn("cat");
	char *text = fmt("%0900000d\n", 7);

	job_write(j, text);
	job_close(j);
	is(job_wait(j).out, text);
}

test("a signal ends it with what it has started") {
	struct job *j = m.spawn("sleep 1000 & sleep 1001; true");

	m.wait_until_succeeds("test $(pidof sleep | wc -w) = 2");
	job_signal(j, SIGTERM);
	is(job_wait(j).signal, SIGTERM);
	m.wait_until_fails("pidof sleep");
}

test("jobs and commands run side by side") {
	struct job *j[20];

	for (int i = 0; i < 20; i++)
		j[i] = m.spawn(fmt("read n; echo $((n * %d))", i));
	is(m.succeed("echo between"), "between");
	for (int i = 19; i >= 0; i--)
		job_write(j[i], "3\n");
	for (int i = 0; i < 20; i++)
		is(trim(job_wait(j[i]).out), fmt("%d", 3 * i));
}

test("a job ends with its machine, and what it wrote stays") {
	struct job *j = m.spawn("echo written; exec sleep 1000");

	while (strcmp(job_output(j), "written\n"))
		;
	m.crash();
	ok(!job_running(j));
	is(job_output(j), "written\n");
	m.start();
	ok(!job_running(j));
	is(sleepers(), 0);
}

test("a checkpoint is gone back to without the jobs") {
	struct job *before = m.spawn("exec sleep 1000");

	m.save("here");
	ok(job_running(before));
	m.restore("here");
	ok(!job_running(before));
	m.wait_until_fails("pidof sleep");
}

test("a thousand commands leave nothing behind") {
	/* The agent is process 1. The kernel's own threads, whose command lines are empty, come and go. */
	/* One after the other: of a pipeline's processes, a listing sees those that have begun. */
	char *counts = "set -- /proc/1/fd/*; echo $#; "
		       "set -- /proc/[0-9]*/cmdline; grep -ls . \"$@\" >/tmp/running; wc -l </tmp/running", *before;

	m.succeed("true");
	before = m.succeed(counts);
	for (int i = 0; i < 1000; i++)
		m.execute("true");
	is(m.succeed(counts), before);
}
