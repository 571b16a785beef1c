test("timeout", .timeout = "5") {
}
