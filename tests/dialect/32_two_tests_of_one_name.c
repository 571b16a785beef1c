test("twice") {
}

test("once") {
}

test("twice") {
}
