#!/usr/bin/perl
# parallel.t - tests at the same time: output in plan order, within the jobs asked for
use strict;
use warnings;
use lib 'tests/cli';
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
ok wait_for(10, sub { slurp($out) =~ /^1\.\.3/m }), 'the plan comes first';
select undef, undef, undef, 0.3;
unlike slurp($out), qr/^ok/m, 'what ended early waits for its turn';
open my $f, '>', "$traces/go" or die;
close $f;
waitpid $pid, 0;
is $? >> 8, 0, 'all pass';
is join(' ', slurp($out) =~ /^ok \d - (\w+)/mg), 'slow quick last', 'points come in plan order';

my $r = vmtap('-j', '0', $path);
like $r->{err}, qr/'0' is not a whole number from 1/, '-j 0 is refused';
is vmtap('-j1', $path)->{out} =~ tr/\n//, vmtap('--jobs=3', $path)->{out} =~ tr/\n//, 'the same output with one job and with three';

done_testing;
