vm(env1, .env = {"A"});
vm(env2, .env = {"1A=b"});
vm(env3, .env = {"A=b", "B=c", "A=d"});
vm(env4, .env = {});
vm(ready1, .ready = "");
vm(ready2, .ready = "65536");
vm(ready3, .ready = " ");
vm(tpm1, .tpm = 3);
vm(tpm2, .tpm = -1);

test("nothing boots") {
	ok(1);
}
