char large[9999][9999][99] = {1};

test("x") {
}
