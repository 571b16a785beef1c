#!/usr/bin/perl
# options.t - the command line: what is right works, what is wrong is explained
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $good = script(qq{test("adds") { is(1 + 1, 2); }\ntest("multiplies") { is(2 * 3, 6); }\n});

my $r = vmtap('--version');
like $r->{out}, qr/^vmtap \d+\.\d+\.\d+$/, '--version';
is $r->{status}, 0, '... succeeds';

$r = vmtap('help');
like $r->{out}, qr/^  run .*^  doctor /ms, 'help lists the commands';
$r = vmtap('help', 'run');
like $r->{out}, qr/--accel=auto\|kvm\|tcg/, 'help run lists its options';
is vmtap('run', '--help')->{out}, $r->{out}, 'run --help is the same';
is vmtap('--help')->{status}, 0, '--help succeeds';
like vmtap('help', '--help')->{out}, qr/^usage: vmtap help \[COMMAND\]$/m, 'help --help explains itself';
is vmtap('run', '-V')->{out}, vmtap('--version')->{out}, 'run -V is --version';
like vmtap('help')->{out}, qr/`vmtap --version`/, 'help mentions --version';
like vmtap('help', 'licenses')->{out}, qr{^usage: vmtap licenses \[NAME\]$}m, 'usage of a command without options';

for my $case (
    [['--acel=tcg', $good], qr/unknown option '--acel'.*did you mean '--accel'/s, 'mistyped option'],
    [['--accel=kvn', $good], qr/unknown accelerator 'kvn'.*did you mean 'kvm'/s, 'mistyped accelerator'],
    [['--versio'], qr/unknown option '--versio'.*did you mean '--version'/s, 'mistyped --version'],
    [['doctor', 'extra'], qr/doctor takes no operand, but there is 'extra'/, 'operand for doctor'],
    [['header', 'extra'], qr/header takes no operand, but there is 'extra'/, 'operand for header'],
    [['run', '-q', $good], qr/unknown option '-q'/, 'unknown letter'],
    [['run', '-lq', $good], qr/unknown option '-lq'/, 'unknown letter behind a known one'],
    [['run', '-list', $good], qr/unknown option '-list'.*did you mean '--list'/s, 'a dash too few'],
    [['run', '-lj'], qr/option '--jobs' needs a value \(N\)/, 'letter without its value'],
    [['run', '-jl', $good], qr/option '--jobs': 'l' is not a whole number/, 'letter with a wrong value'],
    [['run', '--timeout=soon', $good], qr/'soon' is not a number of seconds/, 'bad number'],
    [['run', '--timeout'], qr/needs a value \(SECONDS\)/, 'missing value'],
    [['run', '--list=yes', $good], qr/takes no value/, 'value for a flag'],
    [['run', '--filter=(', $good], qr/bad regular expression '\('/, 'bad filter'],
    [['run'], qr/no test script is named/, 'no script'],
    [['rnu'], qr/no command and no file 'rnu'.*did you mean 'vmtap run'/s, 'mistyped command'],
    [['help', 'nothing'], qr/there is no command 'nothing'/, 'help for nothing'],
    [['check'], qr/no test script is named/, 'check without a script'],
    [['--accel', $good], qr/unknown accelerator '\Q$good\E'/, 'an option that took the script for its value'],
    [['help', 'run', 'twice'], qr/help takes one command, but there is 'twice'/, 'help for two'],
    [['attach', '--log', '--tty=1'], qr/--log and --tty are two things to do/, 'two things at once'],
) {
    my ($args, $want, $name) = @$case;
    my $r = vmtap(@$args);
    like $r->{err}, $want, "$name: explained";
    is $r->{status}, 2, '... exit status 2';
    is $r->{out}, '', '... stdout is left alone';
}

$r = vmtap('check', $good);
is $r->{out}, "$good: 2 tests, 0 machines\n  adds\n  multiplies\n", 'check lists the tests';
my $singular = script(qq{vm(a);\nvm(b);\ntest("t") { ok(1); }\n});
is vmtap('check', $singular)->{out}, "$singular: 1 test, 2 machines\n  t\n", '... and counts';
is vmtap('--list', '--filter=^mul', $good)->{out}, "multiplies\n", '--list with --filter';
like vmtap('-f', 'adds', $good)->{out}, qr/^1\.\.1\nok 1 - adds$/m, '--filter runs what matches';
like vmtap('--', $good)->{out}, qr/^1\.\.2$/m, 'operands after --';

# Short options bundle; the last of them may take a value
my $both = "adds\nmultiplies\n";
is vmtap('-lv', $good)->{out}, $both, '-lv: two flags';
is vmtap('-vl', $good)->{out}, $both, '... in any order';
is vmtap('-lf', 'mul', $good)->{out}, "multiplies\n", '-lf REGEX: a flag and an option with its value';
is vmtap('-lfmul', $good)->{out}, "multiplies\n", '-lfREGEX';
is vmtap('-lvj2', $good)->{out}, $both, '-lvj2: the rest of the word is the value';
is vmtap('-lj', '2', '--', $good)->{out}, $both, '... or the next word';
is vmtap('-lf', '--', '--', script(qq{test("a -- b") { }\ntest("c") { }\n}))->{out}, "a -- b\n", '... even --';
is vmtap('-lnv', $good)->{status}, 0, '-lnv, as the manual writes it';

my $other = script(qq{test("adds") { ok(1); }\n});
like vmtap($good, $other)->{out}, qr/^1\.\.3\n.*^ok 3 - \Q$other\E: adds$/ms, 'two scripts: names tell them apart';

my $bad = script("test(\"t\") { nonsense(); }\n");
$r = vmtap('check', $bad);
like $r->{err}, qr/^\Q$bad\E:1: error:.*nonsense/, 'check tells file and line';
is $r->{status}, 2, '... exit status 2';
my $both_streams = `build/vmtap check $bad $good 2>&1`;
like $both_streams, qr/\A\Q$good\E: 2 tests, 0 machines\n  adds\n  multiplies\n\Q$bad\E:1: error:/,
    '... below the list, where both streams are one';
for my $name ("$good:0", "$good:1:2") {
    $r = vmtap($name);
    like $r->{out}, qr/message: "cannot open '\Q$good\E:/, "$name is no line of it, and no file";
    unlike $r->{out}, qr/at:/, '... so no place is told';
}
like vmtap(file('a:1.c', "test(\"t\") {\n nonsense();\n}\n"))->{out}, qr{^  at: "[^"]*/a:1\.c:2"$}m, 'a name like a line: the place is told whole';
$r = vmtap($bad, $good);
like $r->{out}, qr/^1\.\.3\nnot ok 1 - \S+ compiles\n.*^ok 3/ms, 'a script that does not compile fails alone';
my $deep = script('test("t") { int x = ' . '(' x 20000 . '1' . ')' x 20000 . "; }\n");
$r = vmtap($deep, $good);
like $r->{out}, qr/^1\.\.3\nnot ok 1 - \S+ compiles\n.*the compiler crashed.*^ok 3/ms, 'a script that crashes the compiler, too';
$r = vmtap('check', $deep, $good);
like $r->{err}, qr/^\Q$deep\E:1: error: the compiler crashed \(SIGSEGV\)/m, '... check says so';
like $r->{out}, qr/^\Q$good\E: 2 tests/m, '... and reads the others';
my $fifo = dir() . '/fifo';
system 'mkfifo', $fifo;
$r = vmtap('check', script(qq{use("$fifo");\ntest("t") { }\n}));
like $r->{err}, qr/:1: error: cannot use '\Q$fifo\E': not a regular file/, 'use() of a FIFO does not wait';
is $r->{status}, 2, '... exit status 2';

$r = vmtap('header');
like $r->{out}, qr/struct vm \{.*\bsucceed\b/s, 'header prints the dialect';

$r = vmtap('--dry-run', script(qq{vm(server, .memory = 200, .cpus = 2);\ntest("t") { server.start(); }\n}));
like $r->{out}, qr/^\S*qemu-system-x86_64 .*-m 200 -smp 2 /, '--dry-run prints the command line';
is scalar(() = $r->{out} =~ /\n/g), 1, '... one line a machine';

# Networks
for my $case (
    ['10.1.0.0', qr/bad subnet '10\.1\.0\.0'.*write it as/s, 'no prefix length'],
    ['10.1.0.0/33', qr/the prefix length must be 8 to 30/, 'prefix length'],
    ['10.1.0.1/24', qr/has bits beyond the prefix/, 'host bits'],
) {
    my ($subnet, $want, $name) = @$case;
    my $path = script(qq{net(wan,\n .subnet = "$subnet");\ntest("t") { }\n});
    $r = vmtap('check', $path);
    like $r->{err}, $want, "bad subnet: $name";
    like $r->{err}, qr/^\Q$path\E:[12]: error: /, '... at its line';
    is $r->{status}, 2, '... before anything runs';
}
my $path = script(qq{net(good);\nnet(wan, .subnet = "10.1.0.0/30");\n}
    . qq{vm(a);\nvm(b);\nvm(c, .nets = { &good, &wan });\n}
    . qq{test("on it") { c.start(); }\ntest("not on it") { is(a.is_up(), 0); }\n});
$r = vmtap($path);
like $r->{out}, qr/not ok 1.*\Q$path\E:2: network 'wan': .* has no address for machine number 3.*infra: true.*^ok 2 - not on it$/ms,
    'a subnet that is too small, at its line, for the machine without an address only';
is $r->{status}, 3, '... exit status 3';

# The standard streams
for my $command (['help'], ['help', 'run'], ['--version'], ['run', '--help'], ['--list', $good], ['--dry-run', $singular], ['check', $good], ['cache', 'list'],
    ['cache', 'prune', '--max=9999'], ['header'], ['completion', 'zsh'], ['licenses'], ['doctor'], ['doctor', '--json'], [$good]) {
    for my $where ('>/dev/full', '>&-') {
        $r = vmtap_under("exec $where; ", @$command);
        like $r->{err}, qr/cannot write to standard output/, "@$command $where: told";
        is $r->{status}, 3, '... exit status 3';
    }
}
is vmtap_under('exec 2>&-; ', '--junit=' . dir() . '/j.xml', $bad)->{status}, 2, 'without stderr';
like slurp(dir() . '/j.xml'), qr/^<\?xml .*<\/testsuites>\n\z/s, '... no file gets what would be told there';
is vmtap_under('exec <&-; ', $good)->{status}, 0, 'without stdin';
isnt vmtap_under('exec <&- >&- 2>&-; ', $good)->{status}, 0, 'without any: not a pass that nobody sees';

like vmtap('shell', '--keep', 'x.c')->{err}, qr/shell has no option '--keep', which is one of run$/m, 'an option of another command';
like vmtap('help', 'shel')->{err}, qr/there is no command 'shel'.*did you mean 'vmtap help shell'\?/s, 'help for a mistyped command';
like vmtap('image', 'inf', 'x')->{err}, qr/there is no 'vmtap image inf'.*image info/s, 'image: a mistyped word';
like vmtap('image', 'info')->{err}, qr/image info needs a file/, '... and none behind it';

done_testing;
