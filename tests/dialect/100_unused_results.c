vm(web);
vm_array(node, 2);

static bool wanted(void)
{
	return contains("text", "x");
}

test("a check that is none") {
	contains("text", "x");
	web.is_up();
	for (struct vm *p = node; p < node + 2; p++)
		p->is_up();
	node[1].is_up(
	);
	if (wanted()) {
		atoi("1");
		fmt("what fails for a wrong format does something");
	}
}

test("what is used, or does something") {
	ok(contains("text", "t"));
	while (web.is_up() && !wanted())
		;
	wanted();
}
