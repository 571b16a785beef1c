/* Without machines nothing can be saved: each test runs what leads to it, the parents first, and nothing else. */
static char trail[64];

setup { strcat(trail, "base "); }

setup("b", .from = "a") { strcat(trail, "b "); }

setup ("a") { strcat(trail, "a "); }

setup("fails", .from = "a") { is(1, 2); }

test("the nameless one") { is(trail, "base "); }

test("a named one begins with the nameless one", .from = "a") { is(trail, "base a "); }

test("and with its parent, wherever that stands", .from = "b") { is(trail, "base a b "); }

test("a failure is the test's", .from = "fails") { is(trail, "base a "); }
