vm(m);

/* What is right: */
static bool fine(const char *s)
{
	return *s == 'x' && *"x" == 'x' && "x"[0] == 'x' && 'x' == "x"[0] && sizeof("x") == 2 && strcmp(s, "x") == 0;
	/* s == "x" */
}

#define IS(a) #a == a

test("x") {
	char *s = m.succeed("a == \"b\"");

	ok(fine(s));
	ok(s == "text");
	if ("te" "xt" != s)
		note("never");
}
