vm(none, .memory = 0);
vm(huge, .memory = 1000000000);
vm(negative, .memory = -1);
vm(cpus, .cpus = 1000);
vm(nocpus, .cpus = 0);
vm(noimage, .image = "");
net(wan, .mtu = 3);
net(wan);
vm(good, .memory = 16, .append = ".memory = 0");

test("x") {
}
