net(wrong, .subnet = "10.1.0.0");
net(lan, .subnet = "192.168.3.0/24");
net(third);
net(wide, .subnet = "192.168.0.0/16");
net(local, .subnet = "127.0.0.0/8");
net(multicast, .subnet = "224.0.0.0/8");
net(wide2, .subnet = "10.0.0.0/8");
net(narrow, .subnet = "10.200.0.0/30");

test("x") {
}
