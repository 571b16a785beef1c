#!/usr/bin/perl
# choose.t - which tests run, how often and in what order: lines, folders, filters, shards, repeats, what failed last
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $store = dir() . '/store';
my @env = ("VMTAP_CACHE=$store");
sub names { return join ' ', vmtap(@env, '--list', @_)->{out} =~ /(\S[^\n]*)/g }
sub refused {
    my ($args, $want, $name) = @_;
    my $r = vmtap(@env, @$args);
    like $r->{err}, $want, "$name: explained";
    is $r->{status}, 2, '... exit status 2';
    is $r->{out}, '', '... stdout is left alone';
}

my $five = script(join '', map {"test(\"$_\") {\n\tok(1);\n}\n"} qw(one two three four five));

# Lines: each test has three
is names("$five:4"), 'two', 'FILE:LINE: the line of a test';
is names("$five:6"), 'two', '... or one in it';
my $last = script("test(\"first\") {\n}\n\ntest(\"last\") {\n}\n\n/* no test */");
is names("$last:7"), 'last', '... or one behind the last';
refused(["$last:8"], qr/\Q$last\E:8 is behind the end of the script, which has 7 lines/, 'a line behind the end');
is names("$five:4", "$five:13"), 'two five', 'several lines of one script, which stays one';
is names("$five:13", "$five:1"), 'one five', '... in the order of the script';
my $odd = file('odd.c:4', qq{test("odd") { }\n});
is names($odd), 'odd', 'a file whose name ends like that is a file';
my $late = script(qq{int x;\n\ntest("late") { }\n});
refused(["$late:2"], qr/\Q$late\E:2 is in no test/, 'a line above all tests');
like vmtap(@env, "$late:0")->{out}, qr/No such file/, 'line 0 is no line';
like vmtap('check', "$late:3")->{out}, qr/1 test/, 'check takes a line as well';

# Folders
my $folder = dir() . '/suite';
mkdir $_ for $folder, "$folder/lib";
file('suite/b.c', qq{test("second") { }\n});
file('suite/a.c', qq{test("first") { }\n});
file('suite/notes.txt', 'no script');
file('suite/lib/help.c', 'int help;');
is names($folder), "$folder/a.c: first $folder/b.c: second", 'a folder: its scripts by name, none below it';
is names("$folder/"), "$folder/a.c: first $folder/b.c: second", '... with a slash behind it';
mkdir dir() . '/empty';
refused([dir() . '/empty'], qr/no test script \(\*\.c\) in folder/, 'a folder without scripts');

# A filter
refused(['--filter=six', $five], qr/none of 5 tests has a name that matches 'six'/, 'a filter that matches nothing');
is names('--filter=^t', "$five:4"), 'two', 'a filter after a line';

# Parts
is join('|', map { names("--shard=$_/3", $five) } 1 .. 3), 'one|two three|four five', 'shards: all tests once, in order';
is join('|', map { names("--shard=$_/7", $five) } 1 .. 7), '|one|two||three|four|five', '... also when there are more than tests';
my $r = vmtap(@env, '--shard=1/7', $five);
like $r->{out}, qr/^1\.\.0 # SKIP there are fewer tests than shards$/m, 'an empty shard says so';
is $r->{status}, 0, '... and is no failure';
refused(["--shard=$_", $five], qr/'\Q$_\E' is no part/, "--shard=$_") for '0/3', '4/3', '1', '1/0', 'x/3', '1/3x';
is join('', vmtap(@env, "CI_NODE_INDEX=2", "CI_NODE_TOTAL=5", '-l', '--shard=auto', $five)->{out}), "two\n", "GitLab's part";
is join('', vmtap(@env, "CIRCLE_NODE_INDEX=0", "CIRCLE_NODE_TOTAL=5", '-l', '--shard=auto', $five)->{out}), "one\n", "CircleCI's";
is join('', vmtap(@env, "BUILDKITE_PARALLEL_JOB=4", "BUILDKITE_PARALLEL_JOB_COUNT=5", '-l', '--shard=auto', $five)->{out}),
    "five\n", "Buildkite's";
is join('', vmtap(@env, "SYSTEM_JOBPOSITIONINPHASE=3", "SYSTEM_TOTALJOBSINPHASE=5", '-l', '--shard=auto', $five)->{out}), "three\n", "Azure's";
my $told = dir() . '/sharded';
is join('', vmtap(@env, "TEST_SHARD_INDEX=3", "TEST_TOTAL_SHARDS=5", "TEST_SHARD_STATUS_FILE=$told", '-l', '--shard=auto', $five)->{out}), "four\n",
    "Bazel's";
ok -e $told, '... which is told that the test can be split';
is join('', vmtap(@env, "SLURM_ARRAY_TASK_ID=8", "SLURM_ARRAY_TASK_MIN=4", "SLURM_ARRAY_TASK_COUNT=5", '-l', '--shard=auto', $five)->{out}), "five\n",
    "an array's of Slurm";
refused(['--shard=auto', $five], qr/does not say which part/, '--shard=auto without a runner');
refused(['CI_NODE_INDEX=6', 'CI_NODE_TOTAL=5', '--shard=auto', $five], qr/CI_NODE_INDEX is '6', which is none of 5/, 'a wrong part');

# How often, in what order
is names('--repeat=2', '--filter=o$|two', $five), 'two (1 of 2) two (2 of 2)', '--repeat';
is names('--repeat=2', "$five:1", "$five:4"), 'one (1 of 2) two (1 of 2) one (2 of 2) two (2 of 2)', '... round after round';
refused(['--repeat=2', '--cached', $five], qr/--cached would not run again/, '--repeat with --cached');
my $shuffled = names('--seed=7', $five);
is $shuffled, names('--seed=7', $five), '--seed: the same order each time';
isnt $shuffled, names($five), '... which is another than the script\'s';
is join(' ', sort split ' ', $shuffled), join(' ', sort qw(one two three four five)), '... of the same tests';
$r = vmtap(@env, '--shuffle', $five);
like $r->{out}, qr/^# shuffled: --seed=(\d+) gives this order again$/m, '--shuffle says its seed';
my ($seed) = $r->{out} =~ /--seed=(\d+)/;
is join(' ', $r->{out} =~ /^ok \d - (\w+)$/mg), names("--seed=$seed", $five), '... which is right';

# Ending early
my $bad = script(qq{test("good") { }\ntest("bad") { is(1, 2); }\ntest("after") { }\ntest("more") { skip("it"); }\n});
$r = vmtap(@env, '-j1', '--fail-fast', $bad);
like $r->{out}, qr/^1\.\.4\nok 1 - good\n.*^not ok 2 - bad\n/ms, '--fail-fast: up to the first failure';
is scalar(() = $r->{out} =~ /^ok [34] - \w+ # SKIP not run: "bad" has failed \(--fail-fast\)$/mg), 2, '... the rest is told as not run';
is $r->{status}, 1, '... exit status 1';
like vmtap(@env, '-x', '-j2', script(qq{test("loops") { for (;;) ; }\ntest("bad") { is(1, 2); }\n}))->{out},
    qr/^ok 1 - loops # SKIP not run: "bad" has failed.*^not ok 2 - bad$/ms, '-x: what runs beside it is ended';
$r = vmtap(@env, '--until-fail', '--repeat=3', '-j1', $bad);
like $r->{out}, qr/^1\.\.12\n.*^not ok 2 - bad \(1 of 3\)\n.*^ok 12 - more \(3 of 3\) # SKIP not run/ms, '--until-fail ends with the failure';

# What failed last
is names('--failed', $bad), 'bad', '--failed: what failed when it ran last';
vmtap(@env, "$bad:1");
is names('--failed', $bad), 'bad', '... also after a run of others';
my $text = slurp($bad);
$text =~ s/is\(1, 2\)/is(1, 1)/;
file(substr($bad, length(dir()) + 1), $text);
like vmtap(@env, '--failed', $bad)->{out}, qr/^1\.\.1\nok 1 - bad$/m, '... it is run';
$r = vmtap(@env, '--failed', $bad);
like $r->{out}, qr/^1\.\.0 # SKIP no test failed when it ran last$/m, '... and then there is none any more';
is $r->{status}, 0, '... which is no failure';
is scalar(grep { slurp($_) =~ /^\Q$bad\E$/m } glob "$store/failed/*"), 0, '... nor a note of it';
file(substr($bad, length(dir()) + 1), "nonsense\n");
vmtap(@env, $bad);
file(substr($bad, length(dir()) + 1), $text);
is names('--failed', $bad), 'good bad after more', 'a script that did not compile: all of its tests';
chmod 0500, $store;
is vmtap(@env, $bad)->{status}, 0, 'a cache that cannot be written to does not matter';
chmod 0700, $store;

# The infrastructure
my $flag = dir() . '/broken-once';
my $qemu = qemu_wrapper("case \"\$*\" in *-sandbox*|*-name*) [ -e $flag ] || { : >$flag; exit 7; };; esac; exec \$qemu \"\$@\"");
my $vm = script(qq{vm(m);\ntest("boots") { m.start(); }\n});
$r = vmtap(@env, "VMTAP_QEMU=$qemu", 'VMTAP_ACCEL=tcg', '--cold', '--retry-infra', $vm);
like $r->{out}, qr/^ok 1 - boots\n.*^  tried_again: "/ms, '--retry-infra: tried once more, and told';
unlink $flag;
$r = vmtap(@env, "VMTAP_QEMU=$qemu", 'VMTAP_ACCEL=tcg', '--cold', $vm);
like $r->{out}, qr/^not ok 1 - boots\n.*^  infra: true/ms, '... not without it';
done_testing;
