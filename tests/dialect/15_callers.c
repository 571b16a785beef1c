use("lib/checks.c");

static int *nothing;

static void write_there(int *p)
{
	*p = 1;
}

static void prepare(int *p)
{
	write_there(p);
}

static int odd(int n);
static int even(int n)
{
	return n == 0 ? ok(0) : odd(n - 1) + 1;
}

static int odd(int n)
{
	return n == 0 ? ok(0) : even(n - 1) + 1;
}

static void copy(char *to)
{
	strcpy(to, "text");
}

static void check_twice(void)
{
	ok(1 > 2);
	ok(2 > 3);
}

test("a failure says what has called its line") {
	lib_check(3);
}

test("so do those after the first") {
	check_twice();
}

test("a crash says it, too") {
	prepare(nothing);
}

test("also one in a C library function") {
	copy(NULL);
}

test("of a long chain, the inner end and the test") {
	even(20);
}
