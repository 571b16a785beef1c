#!/usr/bin/env vmtap
/* container.c - in the spirit of nixpkgs' containers-*.nix: a host of containers, and one that is reached from elsewhere */
vm(host_, .image = "../../build/debian12-services.tar", .memory = 384, .hostname = "host");
vm(client, .image = "../../build/debian12-services.tar", .memory = 256);

/* A root of one program, and a unit that contains it. */
setup {
	start_all();
	host_.succeed("root=/var/lib/machines/web; mkdir -p $root/bin $root/etc $root/usr $root/www && cp /bin/busybox $root/bin && "
		      "ln -s busybox $root/bin/sh && echo 'root:x:0:0::/:/bin/sh' >$root/etc/passwd && touch $root/etc/os-release && "
		      "echo contained >$root/www/index.html");
	host_.write_file("/run/systemd/system/web.service",
			 "[Service]\n"
			 "SuccessExitStatus=1\n" /* a web server that is process 1 hears no SIGTERM, and is killed */
			 "ExecStart=systemd-nspawn --quiet --keep-unit --register=no -D /var/lib/machines/web --network-veth "
			 "/bin/busybox sh -c 'busybox ip addr add 10.9.0.2/24 dev host0 && busybox ip link set host0 up && "
			 "busybox ip route add default via 10.9.0.1; exec busybox httpd -f -p 80 -h /www'\n");
	host_.succeed("systemctl daemon-reload");
	host_.start_job("web");
	host_.wait_until_succeeds("ip addr add 10.9.0.1/24 dev ve-web && ip link set ve-web up");
	host_.wait_until_succeeds("curl -s --max-time 2 http://10.9.0.2/");
}

test("the container serves its page to its host") {
	is(host_.succeed("curl -s http://10.9.0.2/"), "contained");
}

test("it sees its own processes, files and network, and no others") {
	char *leader = host_.succeed("pgrep -x busybox");
	const char *in = fmt("nsenter -t %s -m -p -n -r -w /bin/busybox", leader);

	is(host_.succeed(fmt("%s ls /www", in)), "index.html");
	host_.fail(fmt("%s ls /etc/nginx", in));
	is(host_.succeed(fmt("%s ps -o comm | %s grep -c systemd-journal || true", in, in)), "0");
	unlike(host_.succeed(fmt("%s ip -o link", in)), "eth0");
}

test("another machine reaches it by a port of the host") {
	host_.succeed("sysctl -qw net.ipv4.ip_forward=1; nft add table ip nat; "
		      "nft 'add chain ip nat prerouting { type nat hook prerouting priority -100; }'; "
		      "nft add rule ip nat prerouting iifname eth0 tcp dport 8080 dnat to 10.9.0.2:80");
	client.wait_for_open_port_on("host", 8080);
	is(client.succeed("curl -s http://host:8080/"), "contained");
}

test("it ends with its unit, and its network with it") {
	host_.stop_job("web");
	host_.fail("pgrep -x busybox");
	host_.wait_until_fails("ip link show ve-web");
}
