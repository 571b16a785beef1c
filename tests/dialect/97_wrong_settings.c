vm(host1, .hostname = "a b");
vm(words, .append = "a\nb");
vm(processor, .cpu = "");
vm(step, .provision = "");

test("nothing boots") {
	ok(1);
}
