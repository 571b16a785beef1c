use("deeper.c");

static int lib_twice(int n)
{
	return 2 * n;
}

static void lib_check(int n)
{
	is(n, LIB_ANSWER);
	(void)lib_twice; /* for who uses this alone */
}
