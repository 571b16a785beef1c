#!/usr/bin/perl
# waits.t - a wait that was in vain says what it saw last, and what was there instead
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my @env = ('VMTAP_CACHE=' . dir() . '/cache', 'VMTAP_ACCEL=tcg', 'HARNESS_ACTIVE=1');
my $r = vmtap(@env, '--verbose', script(<<'END'));
vm(m);
test("file") { m.start(); within(1) m.wait_for_file("/etc/nope/x"); }
test("try") { m.start(); within(2) m.wait_until_succeeds("echo out; echo err >&2; exit 3"); }
test("port") {
	m.execute("echo one; echo two >&2; exit 3");
	m.succeed("(exec nc -l -p 81) >/dev/null 2>&1 &");
	m.wait_for_open_port(81);
	within(1) m.wait_for_open_port(80);
}
test("taken") { int p = m.forward_port(0, 80); m.forward_port(p, 81); }
END
like $r->{out}, qr/^  message: "m.forward_port: cannot listen on port \d+ of the host: Address (?:already )?in use"$/m, 'a port of the host that is taken';
like $r->{out}, qr/^    > 0 takes any port that is free; forward_port\(\) returns it$/m, '... and what to do';
like $r->{out}, qr/^  message: "m.wait_for_file: timed out after [\d.]+ s: '\/etc\/nope\/x' does not exist"$/m, 'a file that does not come';
like $r->{out}, qr/^    > what is in '\/etc': .*hosts/m, '... and what is in the folder';
like $r->{out}, qr/^    > timed out after [\d.]+ s: last try of \d+: exit status 3, stderr: err\n    > stdout: out$/m, 'a command: how often, and its last words';
like $r->{out}, qr/^    > timed out after [\d.]+ s: nothing listens on port 80\n    > what listens: .*:81$/m, 'a port: what listens instead';
like $r->{err}, qr/^#   reason: what is in '\/etc': /m, '... on stderr, too';

# --verbose, while it goes on
like $r->{err}, qr/^# vmtap: \S+:4: test "port"$/m, '--verbose: which test';
like $r->{err}, qr/^# vmtap: \[\d+\.\d{3} s\] \S+:5: m\.execute\("echo one; echo two >&2; exit 3"\)$/m, '... a call, with its time and line';
like $r->{err}, qr/^# vmtap: \[\d+\.\d{3} s\] \S+:5: m\.execute: exit status 3 in \d+\.\d{3} s\n# vmtap:     stdout: one\n# vmtap:     stderr: two$/m,
    '... and how it ended, with its output';
unlike $r->{err}, qr/QEMU says/, '... but not what QEMU does';

SKIP: {
    skip 'there is no build/debian12-web.tar (make images)', 6 unless -e 'build/debian12-web.tar';
    $r = vmtap(@env, script(<<'END'));
vm(m, .image = "build/debian12-web.tar");
setup {
	m.write_file("/run/systemd/system/slow.service", "[Service]\nType=notify\nExecStart=/bin/sh -c \"echo I am slow; exec sleep 1000\"\n");
	m.write_file("/run/systemd/system/bad.service", "[Service]\nExecStart=/bin/false\n");
	m.execute("systemctl start --no-block slow; systemctl start bad; while ! systemctl -q is-failed bad; do sleep 0.1; done");
}
test("unit") { m.start(); within(5) m.wait_for_unit("slow"); }
test("port") { m.start(); within(2) m.wait_for_open_port(8080); }
END
    like $r->{out}, qr/^    > timed out after [\d.]+ s: unit 'slow.service' is activating \(start\), a job is queued$/m, 'a unit that does not come up: its state';
    like $r->{out}, qr/^    > queued jobs:\n    > \d+ slow.service start running$/m, '... the jobs that are queued';
    like $r->{out}, qr/^    > .*Active: activating \(start\)/m, '... its status';
    like $r->{out}, qr/^    > .* sh\[\d+\]: I am slow$/m, '... its journal';
    like $r->{out}, qr/^    > failed units:\n    > bad.service +loaded failed failed bad.service$/m, '... and what has failed';
    like $r->{out}, qr/^    > the end of the journal:\n(?:    > .*\n)*    > .*Failed with result/m, 'a port that does not open: the journal';
}

done_testing;
