test("every conversion") {
	is(fmt("%d|%5d|%-5d|%05d|%+d", 1, 2, 3, 4, 5), "1|    2|3    |00004|+5");
	is(fmt("%*d|%-*d|%.*f", 4, 1, 4, 2, 2, 3.14159), "   1|2   |3.14");
	is(fmt("%.*d|%.d|%*d|%.0f|%-5.1f|", -1, 5, 6, -3, 7, 2.5, 2.25), "5|6|7  |2|2.2  |");
	is(fmt("%u %x %X %o %#x %c %%", 4000000000u, 255, 255, 8, 16, 'c'), "4000000000 ff FF 10 0x10 c %");
	is(fmt("%hhd %hd %ld %lld %zu", 257, 65537, 1L << 40, -1LL, sizeof(int)), "1 1 1099511627776 -1 4");
	is(fmt("%f %.1e %g %Lf", 0.5, 12345.678, 0.25, 1.5L), "0.500000 1.2e+04 0.25 1.500000");
	is(fmt("%s|%5s|%-5s|%.2s", "a", "b", "c", "long"), "a|    b|c    |lo");
	is(fmt("%d %d %d %d %d %d %d %d %g", 1, 2, 3, 4, 5, 6, 7, 8, 9.5), "1 2 3 4 5 6 7 8 9.5");
}

test("%q quotes for the shell") {
	is(fmt("cat %q", "it's $HOME"), "cat 'it'\\''s $HOME'");
	is(fmt("%q", ""), "''");
}

test("a conversion that does not exist") {
	(void)fmt("%y", 1);
}

test("%n does not exist either") {
	int n;

	(void)fmt("%n", &n);
}

test("%q of a null pointer") {
	(void)fmt("%q", (char *)0);
}

test("the small ones") {
	is(trim(" \t a b\n\n"), "a b");
	is(trim("  "), "");
	ok(contains("haystack", "st"));
	ok(!contains("haystack", "needle"));
}

test("a width that is too large") {
	subtest("written") { (void)fmt("%99999999999d", 1); }
	subtest("an argument") { (void)fmt("%.*d", 1 << 30, 1); }
}
