static void f(struct vm *p)
{
	p.succeed("x");
}

test("x") {
	f(0);
}
