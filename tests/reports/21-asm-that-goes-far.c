/* right: not ok at once, one error of this file */
__asm__(".org 0x7fffffff");

test("m") {
	is(1, 1);
}
