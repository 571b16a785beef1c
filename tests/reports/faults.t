#!/usr/bin/perl
# faults.t - scripts that hurt the compiler, and processes that are stopped, killed or wrapped: one point, and the run goes on
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $good = script(qq{test("good") { is(1, 1); }\n});

# A compiler that dies or waits takes nobody with it.
my $fifo = dir() . '/fifo';
system('mkfifo', $fifo) == 0 or die "cannot make '$fifo'";
for my $case (
    ['20,000 parentheses', 'test("m") { int x = ' . '(' x 20000 . '1' . ')' x 20000 . "; }\n"],
    ['200,000 braces', 'test("m") { ' . '{' x 200000 . '}' x 200000 . " }\n"],
    ['200,000 signs', 'test("m") { int x = ' . '- ' x 200000 . "1; }\n"],
    ['a FIFO that is used', qq{use("fifo");\ntest("m") { is(1, 1); }\n}],
) {
    my ($what, $text) = @$case;
    my $r = vmtap('run', script($text), $good);
    like $r->{out}, qr/^not ok \d+ - .* compiles$/m, "$what: a point that fails";
    like $r->{out}, qr/^ok \d+ - .*good$/m, '... the other script runs';
    is $r->{status}, 2, '... exit status 2';
}

# A world that dies is no failure of the test, whatever it was doing.
my $slow = script(qq{vm(m);\nsetup { m.succeed("echo in setup >/dev/console; cat /dev/zero >/dev/null"); }\ntest("t") { m.succeed("true"); }\n});
my ($pid, $out) = start_vmtap('--verbose', $slow);
my $world = wait_for(60, sub { slurp("$out.err") =~ /in setup/ && slurp("/proc/$pid/task/$pid/children") =~ /(\d+)/ ? $1 : undef });
ok $world, 'a setup runs';
kill 'KILL', $world;
waitpid $pid, 0;
is $? >> 8, 3, '... its world is killed: the infrastructure failed';
like slurp($out), qr/^not ok 1 .*^  infra: true$/ms, '... and the point says so';

# A QEMU that was started through a script does not outlive its test.
my $name = "wrapped$$";
my $r = vmtap('VMTAP_QEMU=' . qemu_wrapper('"$qemu" "$@"'), '--cold', script(qq{vm($name);\ntest("t") { $name.succeed("true"); }\n}));
is $r->{status}, 0, 'a wrapper without exec works';
ok wait_for(60, sub { !left_over("-name\0$name") }), '... and nothing is left of it';

# SIGTERM is heard although nobody reads.
my $loud = script(join '', map { qq{test("$_") { for (int i = 0; i < 3000; i++) printf("%0200d\\n", i); }\n} } 'a' .. 'd');
pipe my $reader, my $writer or die "cannot make a pipe: $!";
$pid = fork() // die "cannot fork: $!";
if (!$pid) {
    open STDOUT, '>&', $writer;
    exec $ENV{VMTAP} // 'build/vmtap', $loud;
}
close $writer;
my $bytes = '';
my $full = sub { ioctl($reader, 0x541b, $bytes = pack 'i', 0) && unpack('i', $bytes) > 40000 }; # FIONREAD
ok wait_for(60, $full), 'stdout is a pipe that is full';
kill 'TERM', $pid;
my $ended = wait_for(60, sub { waitpid($pid, 1) == $pid }); # 1: WNOHANG
is $ended && $? >> 8, 3, '... SIGTERM ends it, as an interrupted run';
if (!$ended) {
    kill 'KILL', $pid;
    waitpid $pid, 0;
}

done_testing;
