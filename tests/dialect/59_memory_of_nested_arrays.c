typedef char row[9999];
typedef row table[9999];
static table tables[20] = {{{1}}};

test("x") {
	ok(tables[0][0][0]);
}
