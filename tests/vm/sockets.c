#!/usr/bin/env vmtap
/* sockets.c - ports of others, Unix sockets, addresses */
vm(m, .image = "build/debian12-web.tar");
vm(other);

test("a port of another machine is waited for, open and closed") {
	other.succeed("(sleep 1; exec httpd -f -h / -p 8080) >/dev/null 2>&1 &");
	m.wait_for_open_port_on("other", 8080);
	m.wait_for_open_port_on(other.ip(NULL), 8080);
	m.wait_for_open_port_on(other.ip6(NULL), 8080);
	other.succeed("(sleep 1; killall httpd) >/dev/null 2>&1 &");
	m.wait_for_closed_port_on("other", 8080);
	m.wait_for_open_port_on("localhost", 80);
}

test("a machine has the address that it is said to have") {
	like(m.succeed("ip -4 -o addr"), fmt("inet %s/", m.ip(NULL)));
	like(m.succeed("ip -6 -o addr"), fmt("inet6 %s/64", m.ip6(NULL)));
	unlike(m.succeed("ip -6 -o addr"), "tentative");
}

/* systemd-socket-activate listens before anybody connects, and must not see a connection of ours: it would start /bin/false. */
static void listen_later(const char *option, const char *path)
{
	m.succeed(fmt("(sleep 1; exec systemd-socket-activate %s -l %s /bin/false) >/dev/null 2>&1 &", option, path));
}

test("Unix sockets are waited for, and nobody is connected to") {
	listen_later("", "/run/stream.sock");
	listen_later("--seqpacket", "/run/packets.sock");
	listen_later("--datagram", "/run/datagrams.sock");
	m.wait_for_open_unix_socket("/run/stream.sock");
	m.wait_for_open_unix_socket("/run/packets.sock");
	m.wait_for_open_unix_datagram_socket("/run/datagrams.sock");
	m.wait_for_open_unix_socket("/var/run/stream.sock"); /* a link to /run */
	is(m.succeed("pgrep -c systemd-socket"), "3");
}

test("a socket that was left behind by a process that is gone is not open") {
	listen_later("", "/run/left.sock");
	m.wait_for_open_unix_socket("/run/left.sock");
	m.succeed("pkill systemd-socket; while pgrep systemd-socket; do sleep 0.1; done; test -S /run/left.sock");
	listen_later("--datagram", "/run/other.sock");
	m.wait_for_open_unix_datagram_socket("/run/other.sock");
	m.succeed("(sleep 1; rm /run/left.sock; exec systemd-socket-activate -l /run/left.sock /bin/false) >/dev/null 2>&1 &");
	m.wait_for_open_unix_socket("/run/left.sock");
}
