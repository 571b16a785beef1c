#!/usr/bin/perl
# parallel.t - tests at the same time: output in plan order, within the jobs asked for
use strict;
use warnings;
use lib 'tests/cli';
use POSIX 'WUNTRACED';
use Test::More;
use Vmtap;

# The first test is the slowest: it waits for the others' traces.
my $traces = dir() . '/traces';
mkdir $traces;
my $wait = q{for (int i = 0; i < 400000000 && !there(); i++) ;};
my $text = qq{static int there(void) { FILE *f = fopen("$traces/go", "r"); if (f) fclose(f); return f != NULL; }\n}
    . qq{test("slow") { $wait ok(there()); }\ntest("quick") { ok(1); }\ntest("last") { ok(1); }\n};
my $path = script($text);

my ($pid, $out) = start_vmtap('-j2', $path);
ok wait_for(60, sub { slurp($out) =~ /^1\.\.3/m }), 'the plan comes first';
select undef, undef, undef, 0.3;
unlike slurp($out), qr/^ok/m, 'what ended early waits for its turn';
open my $f, '>', "$traces/go" or die;
close $f;
waitpid $pid, 0;
is $? >> 8, 0, 'all pass';
is join(' ', slurp($out) =~ /^ok \d - (\w+)/mg), 'slow quick last', 'points come in plan order';

# What a person at a terminal sees counts the tests that have ended, printed or not
SKIP: {
    my $n = pack 'i', 0;
    my $opened = open my $terminal, '+<', '/dev/ptmx';
    skip 'no terminals here', 5 if !$opened || !ioctl($terminal, 0x40045431, $n) || !ioctl $terminal, 0x80045430, $n;    # TIOCSPTLCK, TIOCGPTN
    my $side = '/dev/pts/' . unpack 'i', $n;
    open my $stderr, '>', $side or skip "no $side", 5;
    unlink "$traces/go";
    my $p = fork() // die;
    if (!$p) {
        setpgrp;    # as a shell does; who has no parent in another group is never stopped
        open STDOUT, '>', dir() . '/live';
        open STDERR, '>&', $stderr;
        exec 'build/vmtap', '-j2', $path or die;
    }
    close $stderr;
    my $seen = '';
    vec(my $ready = '', fileno($terminal), 1) = 1;
    my $sees = sub {
        my ($what) = @_;
        return wait_for(60, sub {
            sysread $terminal, $seen, 4096, length $seen if select my $r = $ready, undef, undef, 0;
            return $seen =~ $what;
        });
    };
    ok $sees->(qr{\r\e\[K2/3  slow \(}), 'the live line counts tests that have ended' or diag $seen;
    kill TSTP => $p;
    is waitpid($p, WUNTRACED), $p, '... stops as any command';
    ok $sees->(qr/\r\e\[K\z/), '... and leaves no line where the shell writes' or diag $seen;
    $seen = '';
    kill CONT => $p;
    ok $sees->(qr{^\r\e\[K2/3  slow \(}), '... which comes again with it' or diag $seen;
    open my $f, '>', "$traces/go" or die;
    close $f;
    waitpid $p, 0;
    is $? >> 8, 0, '... and the run goes on';
}

my $r = vmtap('-j', '0', $path);
like $r->{err}, qr/'0' is not a whole number from 1/, '-j 0 is refused';
is vmtap('-j1', $path)->{out} =~ tr/\n//, vmtap('--jobs=3', $path)->{out} =~ tr/\n//, 'the same output with one job and with three';

# Scripts cannot write to the host, but QEMU can: it leaves the traces 1, 2, 3, ... when it is started
my $leave = qq{for n in 1 2 3 4 5; do mkdir $traces/\$n.d 2>/dev/null && : >$traces/\$n && break; done\n};
my $idle = qemu_wrapper($leave . 'exec sleep 100');
my $find = <<"EOT";
static bool find(int n)
{
	FILE *f = fopen(fmt("$traces/%d", n), "r");
	if (f)
		fclose(f);
	return f != NULL;
}
static bool await(int n) { for (int i = 0; i < 20000000 && !find(n); i++) ; return find(n); }
EOT
sub forget { system "rm -rf $traces/*" }

# One slow test does not hold the others up
my @idle = ("VMTAP_QEMU=$idle", 'VMTAP_ACCEL=tcg', 'VMTAP_BOOT_TIMEOUT=1', 'VMTAP_CACHE=' . dir() . '/cache');
forget();
$r = vmtap(@idle, '-j2', '--cold', script($find . qq{vm(m);\ntest("slow") { ok(await(1)); }\n}
    . qq{test("a") { ok(1); }\ntest("b") { ok(1); }\ntest("c") { m.start(); }\n}));
like $r->{out}, qr/^ok 1 - slow\n.*^ok 2 - a\n.*^ok 3 - b\n/ms, 'a slow test waits for the fourth behind it, which is run meanwhile'
    or diag $r->{out}, $r->{err};

# Two tests side by side share nothing: not the guests, not the network, not the variables of the script
forget();
my $counted = qemu_wrapper("case \"\$*\" in *share=off*) $leave ;; esac\n" . 'exec "$qemu" "$@"');
$r = vmtap("VMTAP_QEMU=$counted", @idle[1, 3], '-j2', script($find . <<'EOT'));
net(lan);
vm(m, .nets = {&lan});
vm(peer, .nets = {&lan});
static const char *mine = "nobody's";
static void mark(const char *name)
{
	mine = name;
	m.succeed(fmt("echo %s >/run/mark && hostname %s", name, name));
}
static void check(const char *name)
{
	is(mine, name);
	is(m.succeed("cat /run/mark; hostname"), fmt("%s\n%s", name, name));
}
test("left") {
	peer.start();
	mark("left");
	ok(await(4)); /* until the other has made its checks */
	check("left");
	m.succeed("ping -c 1 -W 10 peer");
}
test("right") {
	mark("right");
	ok(await(3));
	check("right");
	m.fail("ping -c 1 -W 1 peer");
	peer.start();
}
EOT
is $r->{status}, 0, 'two tests with machines of the same names and addresses, at the same time' or diag $r->{out}, $r->{err};

# The budget: two tests whose machines do not fit together run one after the other
my $heavy = script($find . qq{vm(m, .memory = 512);\ntest("one") { for (int i = 0; i < 300000 && !find(1); i++) ; ok(find(1)); }\n}
    . qq{test("two") { m.start(); }\n});
sub overlap {
    my ($mount) = @_;
    my @ns = $> == 0 ? qw(unshare -m) : qw(unshare -rm);
    forget();
    return "cannot: $mount" if system("@ns sh -c '$mount' >/dev/null 2>&1");
    return `@ns sh -c '$mount; @idle exec build/vmtap -j2 --cold $heavy' 2>/dev/null` =~ /^ok 1 - one/m ? 'yes' : 'no';
}
my $fake = dir() . '/fake';
mkdir $fake;
sub fake_meminfo {
    my ($mib) = @_;
    open my $f, '>', "$fake/meminfo" or die;
    print $f 'MemAvailable: ', $mib * 1024, " kB\n";
    close $f;
    return "mount --bind $fake/meminfo /proc/meminfo";
}
sub fake_group {
    my ($bytes) = @_;
    my $g = '/sys/fs/cgroup';
    return fake_meminfo(8000) . " && mount -t tmpfs none $g && mkdir $g/memory && echo $bytes >$g/memory.max && "
        . "echo 0 >$g/memory.current && cp $g/memory.max $g/memory/memory.limit_in_bytes && echo 0 >$g/memory/memory.usage_in_bytes";
}
SKIP: {
    my $wide = overlap(fake_meminfo(8000));
    skip 'no mounts here', 4 if $wide =~ /^cannot/;
    is $wide, 'yes', 'memory for both: side by side';
    is overlap(fake_meminfo(1200)), 'no', 'memory for one: one after the other';
    is overlap(fake_group(8000 << 20)), 'yes', 'a group with room for both: side by side';
    is overlap(fake_group(1200 << 20)), 'no', 'a group with room for one: one after the other';
}

done_testing;
