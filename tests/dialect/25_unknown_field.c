vm(server,
   .memory = 64,
   .imag = "x.tar");

test("x") {
}
