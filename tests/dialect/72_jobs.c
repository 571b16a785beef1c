vm(m);

test("null pointers, and signals that are none") {
	subtest("spawn") { m.spawn(NULL); }
	subtest("job_wait") { job_wait(NULL); }
	subtest("job_write") { job_write(NULL, "x"); }
	subtest("job_signal") { job_signal(NULL, 0); }
}
