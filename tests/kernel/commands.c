#!/usr/bin/env vmtap
/* commands.c - does the kit's own BusyBox do what tests type? (make kernel-check; Debian's lacks some and dies of others) */
vm(m);
vm(server);

/* Every command says its usage: none is there by name only. */
test("all commands start") {
	is(m.succeed("for c in $(busybox --list); do busybox $c --help </dev/null >/dev/null 2>&1; "
		     "[ $? -lt 126 ] || echo $c; done"), "");
	m.succeed("for c in $(busybox --list); do [ -L /bin/$c ] || [ $c = busybox ] || { echo no /bin/$c; exit 1; }; done");
}

test("a server that does not answer is given up") {
	m.succeed("nc -lk -p 81 -e sleep 1000 >/dev/null 2>&1 </dev/null &");
	m.wait_for_open_port(81);
	like(m.execute("wget -T 1 -O - http://127.0.0.1:81/ 2>&1").out, "timed out");
	is(m.execute("wget -q -T 1 -O - http://127.0.0.1:81/").status, 1);
}

test("files are served and fetched") {
	start_all();
	server.succeed("mkdir -p /srv/up && head -c 100000 /dev/urandom >/srv/file && chmod 777 /srv/up");
	server.succeed("httpd -p 80 -h /srv && echo 'the page' >/srv/index.html");
	is(m.succeed("wget -T 20 -qO- http://server/"), "the page");
	server.succeed("tcpsvd -E 0 21 ftpd -w -A /srv >/dev/null 2>&1 </dev/null &");
	server.succeed("udpsvd -E 0 69 tftpd -c /srv >/dev/null 2>&1 </dev/null &");
	server.wait_for_open_port(21);
	m.succeed("ftpget server f1 file && tftp -g -r file -l f2 server && wget -qO f3 http://server/file");
	is(m.succeed("sha256sum <f1"), server.succeed("sha256sum </srv/file"));
	m.succeed("cmp f1 f2 && cmp f1 f3");
	m.succeed("ftpput server up/back f1");
	server.succeed("cmp /srv/file /srv/up/back");
}

/* udhcpc's script is one of BusyBox's commands. */
test("an address is leased") {
	start_all();
	server.write_file("/etc/udhcpd.conf", "start 10.8.0.20\nend 10.8.0.20\ninterface d0\n"
			  "option subnet 255.255.255.0\noption router 10.8.0.1\noption dns 10.8.0.1\noption domain test\n");
	server.succeed("ip link add link eth0 name d0 type vlan id 8 && ip addr add 10.8.0.1/24 dev d0 && ip link set d0 up && udhcpd");
	m.succeed("ip link add link eth0 name d0 type vlan id 8 && udhcpc -i d0 -q -n -t 10");
	like(m.succeed("ip -4 addr show d0"), "10\\.8\\.0\\.20/24");
	m.succeed("ip route | grep -q 'default via 10.8.0.1 dev d0' && ping -c 1 -W 10 10.8.0.1");
	is(m.succeed("cat /etc/resolv.conf"), "search test\nnameserver 10.8.0.1");
	like(server.succeed("kill -USR1 $(pidof udhcpd) && dumpleases"), "10\\.8\\.0\\.20");
}

test("names are asked of a server") {
	start_all();
	server.succeed("echo 'www.test 10.1.2.3' >/etc/dnsd.conf && dnsd -d");
	m.succeed("echo nameserver $(awk '$2 == \"server\" { print $1 }' /etc/hosts) >/etc/resolv.conf");
	like(m.succeed("nslookup -type=a www.test"), "10\\.1\\.2\\.3");
	like(m.execute("wget -T 1 -O - http://www.test/ 2>&1").out, "10\\.1\\.2\\.3");
}

test("text and numbers") {
	is(m.succeed("printf '%s\\n' b a c | sort -r | sed -n '1p;$s/a/A/p' | xargs"), "c A");
	is(m.succeed("echo 'k: 3 v: 4' | awk '{ printf \"%.2f %d\", sqrt($2), $2 * $4 }'"), "1.73 12");
	is(m.succeed("echo 'word1 word2' | grep -ow 'word[0-9]' | wc -l"), "2");
	is(m.succeed("echo aXbXc | sed -E 's/X([a-z])/<\\1>/g'"), "a<b><c>");
	is(m.succeed("echo 'scale=3; 10/3' | bc; echo $((0x1f << 2)); expr 6 \\* 7; seq -s, 3"), "3.333\n124\n42\n1,2,3");
	is(m.succeed("printf abc | xxd -p; printf abc | od -An -tx1; printf abc | base64; printf abc | md5sum | cut -c1-8"),
	   "616263\n 61 62 63\nYWJj\n90015098");
	like(m.succeed("date +%N"), "^[0-9]{9}$");
	is(m.succeed("TZ=CET-1 date -d @1000000000 '+%F %T'"), "2001-09-09 02:46:40");
}

test("archives") {
	m.succeed("mkdir -p /tmp/a/b && cd /tmp && cp /bin/busybox a/b/ && ln -s b/busybox a/l");
	for (int i = 0; i < 3; i++) {
		static const char *const packed[] = {"tar -cf x a && tar -xf x -C out", "tar -czf x a && tar -xf x -C out",
						     "tar -cjf x a && tar -xf x -C out"};

		subtest(packed[i])
			m.succeed(fmt("cd /tmp && rm -rf out && mkdir out && %s && diff -r a out/a && test -L out/a/l", packed[i]));
	}
	m.succeed("cd /tmp && rm -rf out && mkdir out && find a | cpio -o -H newc 2>/dev/null | (cd out && cpio -i) 2>/dev/null && diff -r a out/a");
	like(m.succeed("gzip -9 </bin/busybox | zcat | cmp - /bin/busybox && echo same"), "same");
}

test("users") {
	m.succeed("adduser -D -s /bin/sh u && addgroup g && addgroup u g && echo u:secret | chpasswd");
	is(m.succeed("su u -c 'id -nG'"), "u g");
	is(m.succeed("su u -c 'test -w /etc || echo no'"), "no");
	like(m.succeed("grep ^u: /etc/shadow || grep ^u: /etc/passwd"), "^u:\\$6\\$");
	m.succeed("deluser u && ! grep ^u: /etc/passwd");
}

test("processes") {
	m.succeed("sleep 1000 >/dev/null 2>&1 &");
	m.wait_until_succeeds("flock /tmp/lock pgrep -x sleep");
	m.succeed("pkill -x sleep");
	m.wait_until_fails("pgrep -x sleep");
	is(m.succeed("timeout 1 sleep 100; echo $?"), "143");
	is(m.succeed("unshare -p -f -m sh -c 'mount -t proc none /proc && echo $$ && cd /proc && echo [0-9]*'"), "1\n1");
	is(m.succeed("nproc; stat -c %a /tmp; mktemp -u /tmp/xXXXXXX | wc -c; time -f %x true 2>&1"), "1\n1777\n13\n0");
	m.succeed("syslogd -C && klogd");
	m.wait_for_file("/dev/log"); /* syslogd makes it behind our back */
	m.succeed("logger hello");
	m.wait_until_succeeds("logread | grep hello"); /* syslogd reads it when it comes to it */
	m.succeed("top -b -n 1 | grep -q syslogd && ps -o pid,comm | grep -q klogd && uptime && free");
	m.succeed("mkdir -p /var/spool/cron && crond -b && mkdir -p /svc/s && printf '#!/bin/sh\\nexec sleep 999\\n' >/svc/s/run && chmod +x /svc/s/run");
	m.succeed("(runsvdir /svc >/dev/null 2>&1 </dev/null &)");
	m.wait_until_succeeds("sv status /svc/s | grep -q ^run:");
}
