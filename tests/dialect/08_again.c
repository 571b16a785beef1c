/* What is done again and again, texts, and the host. */
static int times;

static bool third(void)
{
	return ++times >= 3;
}

test("retry begins again until nothing fails") {
	int volatile n = 0;

	retry(60) {
		n++;
		subtest("inside") { ok(n > 1, "a check"); }
		is(n, 3);
		note("reached once");
	}
	is(n, 3);
}

test("what fails when the time is over is told") {
	retry(0.1) {
		is(1, 2);
		note("a check that fails lets it go on then");
	}
	note("reached");
}

test("a retry within a retry") {
	int volatile outer = 0, inner = 0;

	retry(60) {
		outer++;
		retry(0.01) { inner++; is(outer, 2); }
	}
	is(outer, 2);
	ok(inner >= 2);
}

test("exit is not tried again") {
	retry(60) exit(3);
}

test("the limit of a block around it ends a retry") {
	within(0.1) { retry(1000) ok(false); }
	note("not reached");
}

test("eventually") {
	ok(eventually(third(), 60));
	is(times, 3);
	ok(!eventually(times < 0, 0.01), "it is a check");
	note("reached");
}

test("times that are none") {
	subtest("retry") { retry(0) ; }
	subtest("eventually") { eventually(false, -1); }
	subtest("always") { always(NULL) ; }
}

static bool holds = true;

static bool it_holds(void)
{
	return holds;
}

test("always, at the end of the block") {
	always(it_holds) ;
	always(it_holds) {
		holds = false;
		note("reached");
	}
	note("not reached");
}

test("parts of a text") {
	int lines = 0;

	is(match("version 1.23, built", "([0-9]+)\\.([0-9]+)", 2), "23");
	is(match("version 1.23, built", "([0-9]+)\\.([0-9]+)", 0), "1.23");
	is(match("x", "y", 0), NULL);
	is(match("ab", "a(x)?b", 1), NULL);
	each_line(l, "one\n\nthree")
		is(strlen(l), lines++ == 1 ? 0 : lines == 1 ? 3 : 5);
	is(lines, 3);
	each_line(l, "") note("not reached");
	subtest("group") { (void)match("x", "x", 10); }
	subtest("regex") { (void)match("x", "(", 0); }
}

test("JSON") {
	const char *json = "{\"a\": {\"b\": [1, {\"c\": \"x\\\"y\"}, null, true, []]}, \"a.b\": 2.50}";

	is(json_get(json, "a.b[1].c"), "x\"y");
	is(json_get(json, "a.b[0]"), "1");
	is(json_get(json, "a.b[2]"), "null");
	is(json_get(json, "a.b[5]"), NULL);
	is(json_get(json, "a.x"), NULL);
	is(json_get(json, "a"), "{\"b\":[1,{\"c\":\"x\\\"y\"},null,true,[]]}");
	is(json_get("[[7]]", "[0][0]"), "7");
	is(json_get("7", ""), "7");
	subtest("no JSON") { (void)json_get("{", "a"); }
	subtest("no index") { (void)json_get(json, "a.b[x]"); }
}

test("the host") {
	struct result r = host("echo out; echo err >&2; exit 7");

	is(r.status, 7);
	is(r.out, "out\n");
	is(r.err, "err\n");
	is(host("kill -9 $$").signal, 9);
	is(host("head -c 1000000 /dev/zero").out_len, 1000000);
	is(host("sleep 1000 >/dev/null 2>&1 & true").status, 0);
	ok(slowness() > 0);
	retry(0.2) ok(!host("sleep 1000").timed_out || true);
}
