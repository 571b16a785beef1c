#!/usr/bin/env vmtap
/* many_networks.c - as many networks as a script may have, and as many cards as a machine */
net(n0);
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

vm(low, .nets = {&n0, &n1, &n2, &n3, &n4, &n5, &n6, &n7});
vm(high, .nets = {&n8, &n9, &n10, &n11, &n12, &n13, &n14, &n15});
vm(between, .nets = {&n7, &n15});

test("each machine is reached on each network that it shares, and on no other") {
	start_all();
	is(low.succeed("ls -d /sys/class/net/eth* | wc -l"), "8");
	between.succeed("ping -c 1 -W 10 low.n7");
	between.succeed("ping -c 1 -W 10 high.n15");
	low.succeed("ping -c 1 -W 10 between.n7");
	high.succeed("ping -c 1 -W 10 between.n15");
	low.fail("ping -c 1 -W 1 high.n8");
}
