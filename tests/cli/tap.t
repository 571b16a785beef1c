#!/usr/bin/perl
# tap.t - m.tap() of a guest's program whose TAP says that something failed
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $script = script(<<'END');
vm(m);
test("a point") { m.tap("printf '1..2\\nok 1 - a\\nnot ok 2 - b\\n  ---\\n  got: 3\\n  ...\\n'; exit 1"); }
test("a plan") { m.tap("printf '1..2\\nok 1 a\\n'"); }
test("a status") { m.tap("printf '1..2\\nok 1 a\\nnot ok 2 b # TODO later\\n'; exit 7"); }
test("no TAP") { m.tap("echo hello"); }
END
my $r = vmtap($script);
is $r->{status}, 1, 'each is a failure of its test';
like $r->{out}, qr/^not ok 1 - a point\n  ---\n  message: "m\.tap: 1 of 2 points failed"$/m, 'a point that fails';
like $r->{out}, qr/^  failed_points: \|\n    > b\n    > got: 3\n  subtests: \|\n    > passed: a\n    > failed: b$/m, '... with its block, among the subtests';
like $r->{out}, qr/^not ok 2 - a plan\n.*\n  message: "m\.tap: 1 of 2 points failed"$/m, 'a plan that was not kept';
like $r->{out}, qr/^  failed_points: "plan of 2 points, but 1 came"$/m, '... says so';
like $r->{out}, qr/^not ok 3 - a status\n.*\n  message: "m\.tap: exited 7 though all its points are ok"$/m, 'an exit status';
like $r->{out}, qr/^    > passed: a\n    > todo: b$/m, '... and a TODO is no failure';
like $r->{out}, qr/^not ok 4 - no TAP\n.*\n  message: "m\.tap: the command printed no TAP"$/m, 'no TAP at all';
done_testing;
