/* right: ok; one machine that takes no frames any more must not stop the network for those who have nothing to do with it */
vm(src);
vm(mid);
vm(other);
vm(down);

test("two machines that have nothing to do with it still reach each other", .timeout = 400) {
	start_all();
	mid.succeed("ping -c 1 -W 30 other && ping -c 1 -W 30 down");
	src.succeed("ping -c 1 -W 30 down");
	down.succeed("ip link set eth0 down");
	/* 2000 frames: more than its card, its socket and the switch hold together */
	src.execute("for i in 1 2 3 4; do ping -q -s 1400 -c 500 -i 0.002 -W 1 down & done; wait");
	mid.succeed("ping -c 3 -W 30 other");
}
