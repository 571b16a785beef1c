#!/usr/bin/env vmtap
/* devices.c - what a kit guest's kernel can do with nothing but BusyBox (make kernel-check; features.c asks the rest of a Debian) */
vm(m);
vm(told, .append = "psi=1 nbd.nbds_max=3 dummy.numdummies=2");
vm(screen, .qemu = {"-device", "virtio-gpu-pci", "-device", "virtio-keyboard-pci"});

test("no device is there that nobody made") {
	is(m.succeed("ls /sys/class/net | grep -vx bonding_masters | xargs"), "eth0 lo");
	is(m.succeed("ls /sys/block | xargs"), "nbd0");
	is(m.succeed("ls /dev/tty[0-9]* 2>/dev/null | xargs"), "");
	is(m.succeed("cat /proc/sys/net/ipv4/tcp_congestion_control"), "cubic");
}

test("what is built in need not be loaded") {
	m.succeed("modprobe dummy && modprobe -q wireguard && modprobe nf_tables");
	like(m.fail("modprobe nothing 2>&1"), "not found");
}

test("dummy, vlan, bridge, veth and namespaces carry packets") {
	m.succeed("mkdir -p /run/netns && ip link add d0 type dummy && ip addr add 10.5.0.1/24 dev d0 && ip link set d0 up");
	m.succeed("ping -c 1 -W 10 10.5.0.1");
	m.succeed("unshare -n sh -c 'touch /run/netns/a && mount --bind /proc/self/ns/net /run/netns/a'");
	m.succeed("unshare -n sh -c 'touch /run/netns/b && mount --bind /proc/self/ns/net /run/netns/b'");
	m.succeed("brctl addbr br0 && ip link set br0 up");
	for (int i = 0; i < 2; i++) {
		const char *n = i ? "b" : "a";

		/* BusyBox's ip moves a link to the namespace of a process. */
		m.succeed(fmt("nsenter --net=/run/netns/%s sleep 1000 >/dev/null 2>&1 & echo $! >/run/%s.pid", n, n));
		m.succeed(fmt("ip link add v%s type veth && ip link set veth0 name p%s && brctl addif br0 v%s && ip link set v%s up", n, n, n, n));
		m.succeed(fmt("ip link set p%s netns $(cat /run/%s.pid)", n, n));
		m.succeed(fmt("nsenter --net=/run/netns/%s sh -c 'ip link set p%s up && ip link add link p%s name v7 type vlan id 7 && "
			      "ip addr add 10.7.0.%d/24 dev v7 && ip link set v7 up'", n, n, n, i + 1));
	}
	m.succeed("nsenter --net=/run/netns/a ping -c 1 -W 20 10.7.0.2");
}

test("links that need no more than a name") {
	static const char *const kinds[] = {"wireguard", "bond", "ifb"};

	for (int i = 0; i < 3; i++)
		subtest(kinds[i])
			m.succeed(fmt("ip link add x0 type %s && ip link show x0 && ip link del x0", kinds[i]));
	m.succeed("tunctl -t t0 && ip addr add 10.6.0.1/24 dev t0 && ip link set t0 up && tunctl -d t0");
	m.succeed("vconfig add eth0 9 && ip addr add 10.9.0.1/24 dev eth0.9 && ip link set eth0.9 up && ping -c 1 -W 10 10.9.0.1");
	m.succeed("ip rule add from 10.9.0.0/16 table 9 && ip route add blackhole default table 9 && ip rule | grep -q 10.9.0.0/16");
}

test("file systems are made and mounted") {
	m.succeed("mkdir -p /mnt/a /mnt/o /mnt/up /mnt/work && truncate -s 16M /tmp/disk");
	for (int i = 0; i < 2; i++) {
		static const char *const makers[] = {"mkfs.ext2 -F", "mkfs.vfat"};

		subtest(makers[i]) {
			m.succeed(fmt("%s /tmp/disk && mount -o loop /tmp/disk /mnt/a && cp /bin/busybox /mnt/a/ && umount /mnt/a", makers[i]));
			m.succeed("mount -o loop,ro /tmp/disk /mnt/a && cmp /bin/busybox /mnt/a/busybox && umount /mnt/a");
			like(m.succeed("blkid /tmp/disk"), i ? "TYPE=.vfat" : "TYPE=.ext2");
		}
	}
	m.succeed("mount -t tmpfs none /mnt/a && mkdir /mnt/a/up /mnt/a/work && "
		  "mount -t overlay none -o lowerdir=/etc,upperdir=/mnt/a/up,workdir=/mnt/a/work /mnt/o && touch /mnt/o/new && ls /mnt/a/up/new");
	m.succeed("exec 5<>/dev/fuse && mount -t fuse -o fd=5,rootmode=40000,user_id=0,group_id=0 f /mnt/up && umount -l /mnt/up");
	is(m.succeed("grep -owE 'virtiofs|erofs|squashfs|iso9660|ext4|autofs|hugetlbfs' /proc/filesystems | sort | xargs"),
	   "autofs erofs ext4 hugetlbfs iso9660 squashfs virtiofs");
}

test("partitions and swap") {
	m.execute("truncate -s 64M /tmp/disk && printf 'o\\nn\\np\\n1\\n\\n+8M\\nn\\np\\n2\\n\\n\\nw\\n' | fdisk /tmp/disk");
	is(m.succeed("fdisk -l /tmp/disk | grep -c '^/tmp/disk[12] .* 83 Linux'"), "2");
	m.succeed("l=$(losetup -f) && mkswap /tmp/disk && losetup $l /tmp/disk && swapon $l && grep -q $l /proc/swaps && swapoff $l");
	m.succeed("z=$(cat /sys/class/zram-control/hot_add) && echo 32M >/sys/block/zram$z/disksize && mkswap /dev/zram$z && "
		  "swapon /dev/zram$z && grep -q zram /proc/swaps");
	m.succeed("echo 4 >/proc/sys/vm/nr_hugepages && grep -E 'HugePages_Total: +4' /proc/meminfo");
}

test("control groups limit", .health = "oom") {
	m.succeed("cd /sys/fs/cgroup && sed 's/[a-z]*/+&/g' cgroup.controllers >cgroup.subtree_control");
	is(m.succeed("tr ' ' '\n' </sys/fs/cgroup/cgroup.controllers | sort | xargs"), "cpu cpuset hugetlb io memory misc pids");
	m.succeed("mkdir /sys/fs/cgroup/g && cd /sys/fs/cgroup/g && echo 8M >memory.max && echo 3 >pids.max && echo '10000 100000' >cpu.max");
	m.fail("echo $$ >/sys/fs/cgroup/g/cgroup.procs && tail /dev/zero; exit $?");
	like(m.succeed("cat /sys/fs/cgroup/g/memory.events"), "oom_kill [1-9]");
	like(m.succeed("echo $$ >/sys/fs/cgroup/g/cgroup.procs && (sleep 9 & sleep 9 & sleep 9 & sleep 9 & wait) 2>&1 | cat"),
	     "can't fork");
}

test("a foreign format is run by its interpreter") {
	m.succeed("mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && "
		  "echo ':x:E::xx::/bin/cat:' >/proc/sys/fs/binfmt_misc/register && echo hello >/tmp/a.xx && chmod +x /tmp/a.xx");
	is(m.succeed("/tmp/a.xx"), "hello");
}

test("what the command line turns on") {
	m.fail("cat /proc/pressure/cpu");
	like(told.succeed("cat /proc/pressure/cpu"), "some avg10");
	is(told.succeed("ls -d /dev/nbd* /sys/class/net/dummy* | xargs"), "/dev/nbd0 /dev/nbd1 /dev/nbd2 /sys/class/net/dummy0 /sys/class/net/dummy1");
}

test("a screen and a keyboard") {
	is(screen.succeed("ls -d /dev/fb0 /dev/dri/card0 /dev/input/event0 /dev/tty1 | wc -l"), "4");
	screen.succeed("echo 'on the screen' >/dev/tty1 && head -c 4000 /dev/vcs1 | grep -q 'on the screen'");
	like(screen.succeed("fbset"), "geometry [0-9]+ [0-9]+");
	screen.succeed("openvt -c 2 -w sh -c 'echo second' && grep -q second /dev/vcs2");
}
