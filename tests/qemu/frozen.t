#!/usr/bin/perl
# frozen.t - machines that are thawed: made once, stepped back from when they cannot be used, never made of what QEMU refuses
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Time::HiRes ();
use Vmtap;

$ENV{VMTAP_QEMU} = $ENV{OWN_QEMU} // 'build/own-qemu/qemu-system-x86_64';
-x $ENV{VMTAP_QEMU} or BAIL_OUT("'$ENV{VMTAP_QEMU}' is missing: make own-qemu");
my $cache = dir() . '/cache';
my @env = ("VMTAP_CACHE=$cache", 'VMTAP_ACCEL=tcg');
my $one = script(qq{vm(m);\ntest("a") { m.succeed("true"); }\ntest("b") { is(m.succeed("hostname"), "m"); }\n});

sub disk { my ($path) = @_; return (stat $path)[12] * 512 }

sub used { my ($entry) = @_; return (Time::HiRes::stat("$entry/seal"))[9] }

sub entries { my @found = glob "$cache/frozen/*"; return @found }

# How often a machine booted, was resumed, was thawed; QEMU tells of a migration's end, and of a copy's beginning.
sub ways {
    my ($r) = @_;
    my $resumed = () = $r->{err} =~ /QEMU says MIGRATION active/g;
    my $running = () = $r->{err} =~ /QEMU says RESUME/g;
    return join ' ', "status $r->{status}:", $r->{err} =~ /SeaBIOS/ ? 'booted' : (), $resumed ? 'resumed' : (),
        $running > $resumed ? 'thawed' : ();
}

# Two runners at once
my ($pid1, $out1) = start_vmtap_env(\@env, $one);
my ($pid2, $out2) = start_vmtap_env(\@env, $one);
waitpid $_, 0 for $pid1, $pid2;
like slurp($_), qr/^ok 1 - a.*^ok 2 - b/ms, 'two runners at once: both pass' for $out1, $out2;
is scalar(entries()), 1, '... and one machine was frozen';
my ($image) = glob "$cache/frozen/*/image";
my ($ram) = glob "$cache/machine/*/ram";
is slurp("$image.bases"), substr($ram, 1 + length $cache) . "\n", '... based on the memory of the machine that was saved';
cmp_ok disk($image), '<', disk($ram), '... with less than that';
diag sprintf 'MB on disk: %.1f of the machine, %.1f frozen', disk($ram) / 1e6, disk($image) / 1e6;

my $r = vmtap(@env, '-vv', $one);
is ways($r), 'status 0: thawed', 'the next run thaws it';
like $r->{out}, qr/qemu: "[\d.]+"/, '... and knows the version of QEMU';
is ways(vmtap(@env, 'VMTAP_FROZEN=0', '-vv', $one)), 'status 0: resumed', 'VMTAP_FROZEN=0 does not';
is ways(vmtap(@env, '--cold', '-vv', $one)), 'status 0: booted', '... nor does --cold';

# Two tests in two runs are four machines
my $draw = q{note(m.succeed("echo generation $(cat /run/vmtap/generation)"));} . q{note(m.succeed("echo random $(head -c 16 /dev/urandom | od -An -x)"));}
    . q{note(m.succeed("echo boot_id $(cat /proc/sys/kernel/random/boot_id)"));};
my $drawing = script(qq{vm(m);\ntest("a") { $draw }\ntest("b") { $draw }\n});
my %drawn;
for (1 .. 2) { $drawn{$_}++ for vmtap(@env, $drawing)->{out} =~ /^# ((?:random|boot_id|generation) .*)/mg }
is scalar(grep { /random/ } keys %drawn), 4, 'each copy has random bytes of its own';
is scalar(grep { /generation [0-9a-f]{32}$/ } keys %drawn), 4, '... and a generation number';
is scalar(grep { /boot_id/ } keys %drawn), 4, '... and, before anybody has asked for it, a boot_id';

# save() and restore()
$r = vmtap(@env, '-vv', script(<<'END'));
vm(m);
test("t") {
	for (int i = 0; i < 3; i++) {
		m.write_file("/tmp/x", "one");
		m.succeed("cp /run/vmtap/generation /tmp/life");
		m.save("a");
		m.succeed("cmp /run/vmtap/generation /tmp/life");
		m.write_file("/tmp/x", "two");
		m.save("b");
		m.restore("a");
		is(m.read_file("/tmp/x"), "one");
		m.fail("cmp /run/vmtap/generation /tmp/life");
		m.restore("b");
		is(m.read_file("/tmp/x"), "two");
		is(m.succeed("hostname"), "m");
	}
}
END
is ways($r), 'status 0: thawed', 'what save() keeps of a thawed machine is thawed, too';

# Damage
my ($entry) = entries();

sub damage {
    my ($at) = @_;
    system 'touch', '-r', "$entry/image", dir() . '/times';
    open my $f, '+<:raw', "$entry/image" or die;
    seek $f, $at, 0;
    print $f 'damaged!';
    close $f;
    system 'touch', '-r', dir() . '/times', "$entry/image";
}
damage(2000);
is ways(vmtap(@env, '-vv', '-f', 'a', $one)), 'status 0: resumed thawed',
    'tables that are damaged: the template is copied, and frozen again, which stops a copy for a moment and lets it run on';
is ways(vmtap(@env, '-vv', $one)), 'status 0: thawed', '... for all that follow';
damage(4 << 20);
is vmtap(@env, 'cache', 'list', '--check')->{status}, 1, 'memory that is damaged is found by cache list --check';
utime 1e9, 1e9, "$entry/seal"; # not used since 2001, so not since the host was booted
$r = vmtap(@env, $one);
like $r->{err}, qr/frozen\/\w+' is damaged: building it again/, '... and by the first use after the host was booted';
is $r->{status}, 0, '... and the test passes';
truncate "$entry/image", 1 << 20;
$r = vmtap(@env, $one);
like $r->{err}, qr/frozen\/\w+' is damaged: building it again/, 'a file that was cut is made again, and this is said';
is $r->{status}, 0, '... and the test passes';

# What QEMU does not freeze
my $threaded = script(qq{vm(m, .qemu = {"-object", "iothread,id=x"});\ntest("a") { m.succeed("true"); }\n});
is ways(vmtap(@env, '-vv', $threaded)), 'status 0: booted resumed', 'a machine with threads of its own is copied';
my @seals = map { (stat "$_/seal")[1] } sort(entries());
is ways(vmtap(@env, '-vv', $threaded)), 'status 0: resumed', '... the next time, too';
is_deeply [map { (stat "$_/seal")[1] } sort(entries())], \@seals, '... and nothing is tried again';

# A setup, and its copies
my $layered = script(qq{vm(m);\nsetup { m.succeed("touch /run/x"); }\ntest("a") { m.succeed("test -e /run/x"); }\n});
is ways(vmtap(@env, '-vv', $layered)), 'status 0: thawed', 'a setup thaws its machines, and its tests thaw what it left';
is ways(vmtap(@env, '-vv', $layered)), 'status 0: thawed', '... in the next run, too';
my ($left) = glob "$cache/setup/*/m.frozen";
truncate $left, 1 << 20;
$r = vmtap(@env, $layered);
like $r->{err}, qr/setup\/\w+' is damaged: building it again/, '... and it is made again when it was cut';
is $r->{status}, 0, '... and the test passes';

# Bases
is vmtap(@env, $layered)->{status}, 0, 'what a setup leaves is there again';
my ($setup) = glob "$cache/setup/*";
($entry) = map { $_ =~ s/\/image$//r } grep { index(slurp("$setup/m.frozen.bases"), substr $_, 1 + length $cache) >= 0 } glob "$cache/frozen/*/image";
ok $entry, 'it is based on a frozen machine';
my ($saved) = map { "$cache/$_" } slurp("$entry/image.bases") =~ m{^(machine/\w+)/ram$};
cmp_ok disk("$setup/m.frozen"), '<', disk("$entry/image") / 2, '... and less than half of it';
diag sprintf 'MB on disk: %.1f of a setup', disk("$setup/m.frozen") / 1e6;
cmp_ok used($entry), '>', used($setup), 'a base was used later than what is based on it, so that pruning removes it later';
cmp_ok used($saved), '>', used($setup), '... and so was the machine that was saved';
system 'rm', '-rf', $entry;
$r = vmtap(@env, '-vv', $layered);
is $r->{status}, 0, 'a base that is gone: the test passes';
like $r->{err}, qr/cannot be resumed as setup left it: '$entry\/image', which it is based on, is gone/, '... it is named';
is ways(vmtap(@env, '-vv', $layered)), 'status 0: thawed', '... and all is made again';
system 'touch', "$saved/ram";
$r = vmtap(@env, '-vv', '-f', 'a', $one);
is $r->{status}, 0, 'a base that was changed: the test passes';
like $r->{err}, qr/'$saved' is damaged: building it again/, '... it is named';
is ways(vmtap(@env, '-vv', '-f', 'a', $one)), 'status 0: resumed thawed', '... and all is made again';
is ways(vmtap(@env, '-vv', '-f', 'a', $one)), 'status 0: thawed', '... for all that follow';

# Disks that are written: each copy begins with what was there, and has it for itself
my $of_files = dir() . '/given';
open my $given, '>', $of_files or die;
print $given 'given-' . "\0" x ((1 << 20) - 6);
close $given;
my $disks = script(<<"END");
vm(m, .disks = { { .size = 16 }, { .file = "$of_files" } });
static char *on(const char *disk) { return m.succeed(fmt("echo 3 >/proc/sys/vm/drop_caches; head -c 6 /dev/%s | tr -d '\\\\0'", disk)); }
static void put(const char *what) { m.succeed(fmt("for d in a b; do printf %s | dd of=/dev/vd\$d conv=notrunc,fsync; done", what)); }
setup("written") { put("setup-"); }
test("a") { is(on("vda"), ""); is(on("vdb"), "given-"); put("test-a"); is(on("vda"), "test-a"); is(on("vdb"), "test-a"); }
test("b") { is(on("vda"), ""); is(on("vdb"), "given-"); put("test-b"); is(on("vdb"), "test-b"); }
test("c", .from = "written") {
	is(on("vda"), "setup-");
	put("test-c");
	m.save("c");
	put("later-");
	m.restore("c");
	is(on("vda"), "test-c");
	is(on("vdb"), "test-c");
	put("third-");
	m.restore("c");
	is(on("vdb"), "test-c");
}
test("d", .from = "written") { is(on("vda"), "setup-"); is(on("vdb"), "setup-"); }
END
my @before = entries();
is vmtap(@env, $disks)->{status}, 0, 'machines with disks: each has what it should have on them';
is ways(vmtap(@env, '-vv', $disks)), 'status 0: thawed', '... and is thawed, from a setup and a checkpoint, too';
is slurp($of_files) =~ s/\0//gr, 'given-', '... and the file of a disk is as it was';
my %known = map { $_ => 1 } @before;
my ($of_disks) = grep { !$known{$_} } entries();
my ($disks_setup) = grep { !-e "$_/m.state" && -e "$_/m.frozen" && $_ ne $setup } glob "$cache/setup/*";
ok $of_disks && $disks_setup, '... from entries of the cache';
is join(' ', glob "$disks_setup/m.disk*"), '', '... in which no disk is a file by itself';
cmp_ok disk("$of_disks/image"), '<', 60e6, '... nor large';
my $writes = script(qq{vm(writes, .disks = { { .size = 16 }, { .file = "$of_files" } });\ntest("a") { writes.succeed("true"); }\n}
    . qq{test("b") { writes.execute("cat /dev/urandom >/dev/vdb; sleep 300"); }\n});
is vmtap(@env, '-f', 'a', $writes)->{status}, 0, 'one more';
my $files = join ' ', sort glob "$cache/*";
my ($pid) = start_vmtap_env(\@env, '-f', 'b', $writes);
wait_for(60, sub { left_over("-name\0writes") });
kill 'KILL', $pid;
waitpid $pid, 0;
ok wait_for(20, sub { !left_over("-name\0writes") }), 'nothing is left of one that is killed: no QEMU';
is join(' ', sort glob "$cache/*"), $files, '... and no file';
truncate "$of_disks/image", 1 << 20;
$r = vmtap(@env, $disks);
like $r->{err}, qr/frozen\/\w+' is damaged: building it again/, 'its file that was cut is made again, and this is said';
is $r->{status}, 0, '... and the tests pass';

# A cache that is carried elsewhere
is vmtap(@env, 'cache', 'export', dir() . '/pack')->{status}, 0, 'export';
my @moved = ('VMTAP_CACHE=' . dir() . '/moved', 'VMTAP_ACCEL=tcg');
is vmtap(@moved, 'cache', 'import', dir() . '/pack')->{status}, 0, '... and import in another folder';
unlike vmtap(@moved, 'cache', 'list')->{out}, qr/^frozen/m, '... where nothing came that is of use only in the first';
is ways(vmtap(@moved, '-vv', '-f', 'a', $one)), 'status 0: resumed thawed', '... but it is made, without a boot';
is ways(vmtap(@moved, '-vv', '-f', 'a', $one)), 'status 0: thawed', '... for the next run';

# Nothing is left of a run that is killed while it makes one
system 'rm', '-rf', "$cache/frozen";
($pid) = start_vmtap_env(\@env, $one);
wait_for(60, sub { glob "$cache/tmp/*/image" });
kill 'KILL', $pid;
waitpid $pid, 0;
is vmtap(@env, $one)->{status}, 0, 'after a run that was killed while it froze a machine, the next one passes';
is join(' ', map { glob "$cache/tmp/$_" } '*.lock', '*/image'), '', '... and leaves nothing of it';
done_testing;
