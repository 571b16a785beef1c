/* right: not ok at once, one error of this file: an assembler may ask for more memory than there is */
__asm__(".fill 2000000000,8,1");

test("m") {
	is(1, 1);
}
