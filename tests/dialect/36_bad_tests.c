test("") {
}

test("two\nlines") {
}

test("x", .timeout = -1) {
}
