net(n1);
net(n2);
net(n3);
net(n4);
net(n5);
net(n6);
net(n7);
net(n8);
net(n9);
net(n10);
net(n11);
net(n12);
net(n13);
net(n14);
net(n15);
net(n16);
net(n17);

test("x") {
}
