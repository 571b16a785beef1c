test("x") {
	needs("kvm");
}
