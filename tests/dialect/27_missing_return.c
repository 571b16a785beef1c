static int f(void)
{
}

test("x") {
	f();
}
