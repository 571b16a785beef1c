__asm__(".org 0x7fffffff");

test("x") {
}
