#!/usr/bin/env vmtap
/* features.c - does the kit's kernel do what an ordinary Debian asks of one? (make kernel-check; the stock one does, too) */
vm(m, .image = "build/debian12-plain.tar", .cpus = 2);

setup {
	m.wait_for_unit("default.target");
}

/* Run a command in a unit of its own with these properties. */
static char *unit(const char *properties)
{
	return fmt("systemd-run --quiet --wait --pipe --collect %s", properties);
}

/* Two network namespaces, a and b, joined by a veth pair: 10.0.0.1 and 10.0.0.2. */
static void join(void)
{
	m.succeed("ip netns add a && ip netns add b && ip link add va netns a type veth peer vb netns b");
	m.succeed("ip -n a addr add 10.0.0.1/24 dev va && ip -n b addr add 10.0.0.2/24 dev vb");
	m.succeed("ip -n a link set va up && ip -n b link set vb up && ip -n a link set lo up");
	m.succeed("ip netns exec a ping -c 1 -W 10 10.0.0.2");
}

test("systemd is content") {
	is(m.succeed("systemctl is-system-running --wait"), "running");
	is(m.succeed("systemctl --failed --no-legend"), "");
	is(m.succeed("nproc"), "2");
	is(m.execute("journalctl -b -p err --no-pager -q _TRANSPORT=kernel").out, "");
}

test("units are limited", .health = "oom, units") {
	is(m.succeed("grep -owE 'cpuset|cpu|io|memory|pids' /sys/fs/cgroup/cgroup.controllers | sort | xargs"),
	   "cpu cpuset io memory pids");
	like(m.fail(fmt("%s tail /dev/zero 2>&1; s=$?; dmesg | tail -n 3; exit $s", unit("-p MemoryMax=16M"))), "out of memory");
	is(m.succeed(fmt("%s sh -c 'cat /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/pids.max'", unit("-p TasksMax=7"))), "7");
	is(m.succeed(fmt("%s sh -c 'cat /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/cpu.max'", unit("-p CPUQuota=20%"))),
	   "20000 100000");
	is(m.succeed(fmt("%s nproc", unit("-p AllowedCPUs=1"))), "1");
	m.succeed("ping -c 1 127.0.0.1");
	m.fail(fmt("%s ping -c 1 -W 2 127.0.0.1", unit("-p IPAddressDeny=any")));
}

test("units are shut in") {
	m.succeed(fmt("%s true", unit("-p DynamicUser=yes -p PrivateUsers=yes -p PrivateNetwork=yes -p PrivateTmp=yes "
				      "-p PrivateDevices=yes -p ProtectSystem=strict -p ProtectKernelTunables=yes "
				      "-p ProtectHostname=yes -p ProtectControlGroups=yes -p NoNewPrivileges=yes")));
	m.fail(fmt("%s mkdir /tmp/x", unit("-p SystemCallFilter=~mkdir -p SystemCallErrorNumber=EPERM")));
	m.succeed("unshare --user --map-root-user --pid --fork --mount-proc --net --uts --ipc --cgroup --time true");
	m.succeed("setcap cap_net_raw+ep /usr/bin/env && getcap /usr/bin/env | grep cap_net_raw");
}

test("network devices of all kinds") {
	join();
	m.succeed("ip link add br0 type bridge vlan_filtering 1 && ip link add d0 type dummy && ip link set d0 master br0");
	m.succeed("ip link add link d0 name d0.7 type vlan id 7");
	m.succeed("ip link add link eth0 name mv0 type macvlan mode bridge");
	m.succeed("ip link add vx0 type vxlan id 9 dstport 4789 dev eth0");
	m.succeed("ip tuntap add t0 mode tap && ip tuntap add t1 mode tun");
	m.succeed("ip link add d1 type dummy && ip link add link d1 name iv0 type ipvlan mode l3");
	m.succeed("ip link add bo0 type bond mode 802.3ad && ip link add vrf0 type vrf table 8 && ip link add if0 type ifb");
	m.succeed("ip link add ge0 type geneve id 7 remote 10.0.0.9");
	m.succeed("ip rule add from 10.9.0.0/16 table 9 && ip route add blackhole default table 9");
	m.succeed("ip -6 rule add from fd00::/8 table 9");
	is(m.succeed("ls /sys/class/net | grep -cE 'dummy|ifb|bond[0-9]|tunl|gre|sit'|| true"), "0");
	m.succeed("ss -tulpn && ss -x");
}

test("a bad network") {
	join();
	m.succeed("tc -n a qdisc add dev va root netem delay 200ms");
	like(m.succeed("ip netns exec a ping -c 1 -W 10 10.0.0.2"), "time=[2-9][0-9][0-9]");
	m.succeed("tc -n b qdisc add dev vb ingress");
	m.succeed("tc -n b filter add dev vb parent ffff: matchall action police rate 1mbit burst 10k drop");
	m.succeed("tc -n b qdisc add dev vb root handle 1: htb default 1");
	m.succeed("tc -n b class add dev vb parent 1: classid 1:1 htb rate 1mbit");
	m.succeed("tc -n b qdisc add dev vb parent 1:1 fq_codel");
	m.succeed("tc -n a qdisc replace dev va root fq && tc -n a qdisc replace dev va root tbf rate 1mbit burst 10k latency 50ms");
	m.succeed("tc -n b filter add dev vb parent ffff: protocol ip flower ip_proto icmp action mirred egress mirror dev lo");
	m.succeed("sysctl -w net.ipv4.tcp_congestion_control=bbr && modprobe tls && test -e /proc/net/tls_stat");
}

/* Another pair of addresses, 10.3.0.1 and 10.3.0.2, goes through it. */
test("tunnels of all kinds") {
	static const char *const kinds[] = {"gre", "gretap", "ipip", "sit", "vxlan id 3 dstport 4789", "geneve id 3"};

	join();
	for (int i = 0; i < 6; i++) {
		subtest(kinds[i]) {
			const char *local = i < 5 ? "local 10.0.0.%d" : "";

			m.succeed(fmt(fmt("ip -n a link add tun type %%s %s remote 10.0.0.2", local), kinds[i], 1));
			m.succeed(fmt(fmt("ip -n b link add tun type %%s %s remote 10.0.0.1", local), kinds[i], 2));
			m.succeed("ip -n a addr add 10.3.0.1/24 dev tun && ip -n a link set tun up");
			m.succeed("ip -n b addr add 10.3.0.2/24 dev tun && ip -n b link set tun up");
			if (i != 3) /* sit carries IPv6 */
				m.succeed("ip netns exec a ping -c 1 -W 20 10.3.0.2");
			m.succeed("ip -n a link del tun && ip -n b link del tun");
		}
	}
	m.succeed("ip -n a link add t6 type ip6tnl local fd00::1 remote fd00::2 mode ip4ip6");
}

test("a tunnel of WireGuard") {
	join();
	m.succeed("cd /root && wg genkey >a.key && wg genkey >b.key && wg pubkey <a.key >a.pub && wg pubkey <b.key >b.pub");
	m.succeed("ip -n a link add wg0 type wireguard && ip -n b link add wg0 type wireguard");
	m.succeed("cd /root && ip netns exec a wg set wg0 private-key a.key listen-port 7777 peer $(cat b.pub) "
		  "allowed-ips 10.1.0.2/32 endpoint 10.0.0.2:7777");
	m.succeed("cd /root && ip netns exec b wg set wg0 private-key b.key listen-port 7777 peer $(cat a.pub) "
		  "allowed-ips 10.1.0.1/32");
	m.succeed("ip -n a addr add 10.1.0.1/24 dev wg0 && ip -n b addr add 10.1.0.2/24 dev wg0");
	m.succeed("ip -n a link set wg0 up && ip -n b link set wg0 up");
	m.succeed("ip netns exec a ping -c 1 -W 20 10.1.0.2");
}

/* What most rule sets are made of; the addresses are join()'s. */
static const char rules[] =
	"table inet filter {\n"
	"	set bad { type ipv4_addr; flags interval; elements = { 10.7.0.0/16 } }\n"
	"	chain input {\n"
	"		type filter hook input priority 0; policy drop;\n"
	"		ct state established,related accept\n"
	"		ip saddr @bad drop\n"
	"		iif lo accept\n"
	"		icmp type echo-request limit rate 10/second counter log prefix \"ping \" accept\n"
	"		meta l4proto tcp reject with tcp reset\n"
	"		reject with icmpx admin-prohibited\n"
	"	}\n"
	"}\n"
	"table ip nat {\n"
	"	chain pre { type nat hook prerouting priority -100; tcp dport 80 dnat to 10.0.0.2:8080; tcp dport 81 redirect to :80; }\n"
	"	chain post { type nat hook postrouting priority 100; masquerade; }\n"
	"}\n"
	"table netdev early { chain in { type filter hook ingress device vb priority 0; counter; }; }\n"
	"table inet more {\n"
	"	flowtable f { hook ingress priority 0; devices = { vb }; }\n"
	"	ct helper ftp { type \"ftp\" protocol tcp; }\n"
	"	chain forward {\n"
	"		type filter hook forward priority 0;\n"
	"		ct mark set 7 meta l4proto tcp flow add @f\n"
	"		tcp dport 21 ct helper set \"ftp\"\n"
	"		tcp dport 22 queue num 1 bypass\n"
	"		tcp dport 23 synproxy mss 1460 wscale 7\n"
	"		numgen random mod 2 0 counter fib daddr type local counter\n"
	"	}\n"
	"	chain pre { type filter hook prerouting priority -150; socket transparent 1 meta mark set 1; }\n"
	"}\n"
	"table bridge b { chain pass { type filter hook forward priority 0; counter; }; }\n";

test("a firewall of nftables") {
	join();
	m.write_file("/root/rules", rules);
	m.succeed("ip netns exec b nft -f /root/rules");
	m.succeed("ip netns exec a ping -c 1 -W 10 10.0.0.2");
	like(m.succeed("ip netns exec b nft list ruleset"), "counter packets 1 ");
	like(m.fail("ip netns exec a bash -c 'echo >/dev/tcp/10.0.0.2/22' 2>&1"), "refused");
}

test("a firewall of iptables, the new and the old") {
	m.succeed("ipset create s4 hash:net && ipset add s4 10.7.0.0/16 && ipset create s6 hash:net family inet6");
	m.succeed("ipset create p bitmap:port range 1-99 && ipset create l list:set && ipset add l s4 && ipset test s4 10.7.1.1");
	for (int i = 0; i < 4; i++) {
		static const char *const tools[] = {"iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy"};

		subtest(tools[i]) {
			m.succeed(fmt("%s -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT", tools[i]));
			m.succeed(fmt("%s -A INPUT -p tcp -m multiport --dports 80,443 -m comment --comment web -j ACCEPT", tools[i]));
			m.succeed(fmt("%s -A INPUT -m limit --limit 1/s -j LOG --log-prefix x", tools[i]));
			m.succeed(fmt("%s -A INPUT -p udp -j REJECT", tools[i]));
			m.succeed(fmt("%s -A INPUT -p tcp -m set --match-set s%s src -m hashlimit --hashlimit-upto 9/s --hashlimit-name h "
				      "-m recent --set -m string --string x --algo bm -j CONNMARK --set-mark 1", tools[i], i % 2 ? "6" : "4"));
			m.succeed(fmt("%s -t mangle -A PREROUTING -m mac --mac-source 02:00:00:00:00:01 -j MARK --set-mark 2", tools[i]));
			m.succeed(fmt("%s -t raw -A PREROUTING -p udp -m length --length 0:99 -j CT --notrack", tools[i]));
			m.succeed(fmt("%s -A INPUT -m cgroup --path system.slice -j NFLOG --nflog-group 3", tools[i]));
			m.succeed(fmt("%s -t nat -A POSTROUTING -o eth0 -j MASQUERADE", tools[i]));
			m.succeed(fmt("%s -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080", tools[i]));
		}
	}
}

test("file systems") {
	m.succeed("truncate -s 64M /root/disk && mkdir -p /mnt/a /mnt/o /mnt/u /mnt/w");
	for (int i = 0; i < 3; i++) {
		static const char *const makers[] = {"mkfs.ext4 -q", "mkfs.ext2 -q -F", "mkfs.vfat"};

		subtest(makers[i])
			m.succeed(fmt("%s /root/disk && mount -o loop /root/disk /mnt/a && touch /mnt/a/x && umount /mnt/a", makers[i]));
	}
	for (int i = 0; i < 2; i++) {
		static const char *const packers[] = {"gzip", "xz"};

		subtest(packers[i])
			m.succeed(fmt("mksquashfs /etc /root/%s -comp %s -quiet && mount /root/%s /mnt/a && "
				      "diff /etc/passwd /mnt/a/passwd && umount /mnt/a", packers[i], packers[i], packers[i]));
	}
	m.succeed("mount -t tmpfs none /mnt/w && mkdir /mnt/w/up /mnt/w/work");
	m.succeed("mount -t overlay none -o lowerdir=/etc,upperdir=/mnt/w/up,workdir=/mnt/w/work /mnt/o && touch /mnt/o/new");
}

/* A loop device of @size MiB, by a name of its own. */
static char *loop(int size)
{
	return m.succeed(fmt("f=$(mktemp /root/XXXXXX) && truncate -s %dM $f && losetup -f --show $f", size));
}

test("block devices made of others") {
	const char *a = loop(32), *b = loop(32);

	subtest("encrypted") {
		m.succeed(fmt("head -c 32 /dev/urandom >/root/key && cryptsetup open --type plain --cipher aes-xts-plain64 --key-size 256 "
			      "--key-file /root/key %s secret", a));
		m.succeed("mkfs.ext4 -q /dev/mapper/secret && mount /dev/mapper/secret /mnt && echo plain >/mnt/x && umount /mnt");
		m.fail(fmt("grep -q plain %s", a));
		m.succeed("cryptsetup close secret");
	}
	subtest("broken on purpose") {
		m.succeed(fmt("dmsetup create bad --table '0 2048 linear %s 0\n2048 2048 error'", a));
		m.succeed("dd if=/dev/mapper/bad of=/dev/null bs=512 count=2048 status=none");
		m.fail("dd if=/dev/mapper/bad of=/dev/null bs=512 skip=2048 count=1 status=none");
		m.succeed(fmt("dmsetup remove bad && dmsetup create slow --table '0 2048 delay %s 0 50' && dmsetup remove slow", a));
		m.succeed(fmt("dmsetup create worn --table '0 2048 flakey %s 0 1 1' && dmsetup remove worn", a));
	}
	subtest("a snapshot")
		m.succeed(fmt("dmsetup create snap --table '0 2048 snapshot %s %s N 8' && dmsetup remove snap", a, b));
}

test("a disk over the network") {
	m.succeed("truncate -s 16M /root/export && printf '[generic]\n[d]\nexportname = /root/export\n' >/root/nbd.conf");
	m.succeed("nbd-server -C /root/nbd.conf >/dev/null 2>&1 </dev/null");
	m.wait_for_open_port(10809);
	m.succeed("modprobe nbd && nbd-client 127.0.0.1 /dev/nbd0 -name d 2>&1 && mkfs.ext4 -q /dev/nbd0 && mount /dev/nbd0 /mnt && touch /mnt/x");
	m.succeed("umount /mnt && nbd-client -d /dev/nbd0");
}

test("a file system of a process") {
	m.succeed("mksquashfs /etc /root/s -quiet && squashfuse /root/s /mnt && cmp /etc/passwd /mnt/passwd && umount /mnt");
}

test("programs and maps of BPF") {
	m.succeed("bpftool map create /sys/fs/bpf/m type hash key 4 value 4 entries 8 name m && "
		  "bpftool map update pinned /sys/fs/bpf/m key 1 0 0 0 value 2 0 0 0");
	like(m.succeed("bpftool map dump pinned /sys/fs/bpf/m"), "value: 02 00 00 00|\"value\"");
	like(m.succeed("systemd-run --wait --pipe -q -p IPAddressDeny=any -p DeviceAllow=/dev/null -p DevicePolicy=closed bpftool cgroup tree"),
	     "cgroup_(device|inet_egress)");
}
