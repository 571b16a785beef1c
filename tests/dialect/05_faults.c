struct node {
	int padding;
	struct node *next;
};

static int zero;
static struct node *nothing;

/* On one line, because it is up to chance where in it the stack ends. */
static int deep(int n) { volatile char waste[1000]; waste[n % 1000] = 1; return n < 0 ? 0 : deep(n + 1) + waste[0]; }

static void inner(void)
{
	nothing->next = nothing;
}

test("null pointer") {
	inner();
	note("not reached");
}

test("division by zero") {
	is(1 / zero, 0);
}

test("stack overflow") {
	deep(zero);
}

test("call through a null pointer") {
	void (*function)(void) = 0;

	function();
}

test("call through a bad pointer") {
	void (*function)(void) = (void (*)(void))0x1000;

	function();
}

test("memory that is not there") {
	int *volatile p = (int *)0x1234567890;

	*p = 1;
}

test("an address that cannot be") {
	int *volatile p = (int *)0x1234567890123456;

	*p = 1;
}

test("null pointer in a C library function") {
	const char *volatile text = 0;

	is(strlen(text), 0);
}

test("illegal instruction") {
	__asm__("ud2");
}

test("endless loop", .timeout = 0.5) {
	volatile int n = 0;

	for (;;)
		n++;
}


test("exit") {
	exit(3);
}

test("exit(0) is no success") {
	exit(0);
}

test("abort") {
	abort();
}

test("files of the host are not written") {
	fopen("/tmp/vmtap-dialect-test", "w");
}

test("and the next test runs") {
	ok(true);
}

static void overwrite(void *volatile *words)
{
	for (int i = 0; i < 8; i++)
		words[i] = (void *)0x414141414141;
}

static void smash(void)
{
	void *volatile words[1];

	overwrite(words);
}

test("a smashed return address") {
	smash();
}

test("a smashed return address of the test") {
	void *volatile words[1];

	overwrite(words);
}
