vm(m)
test("x") {
}
