#!/usr/bin/perl
# artifacts.t - a run as a page with files, and as JSON lines; nested TAP; the table of times
use strict;
use warnings;
use lib 'tests/cli';
use JSON::PP;
use Test::More;
use Vmtap;

my $at = dir();
my @env = ("VMTAP_CACHE=$at/store", 'HARNESS_ACTIVE=', 'GITHUB_ACTIONS=', 'NO_COLOR=');

# The events of a file: each line has to be an object.
sub events {
    open my $f, '<:raw', shift or return;
    return map { JSON::PP->new->utf8->decode($_) } <$f>;
}

# Without a machine
my $script = script(<<'END');
test("good") { note("a <note>"); }
test("bad </script>") {
	is("<b>one</b>\ntwo \xff", "three");
	subtest("inner") ok(0, "never");
}
test("left out") { skip("no kvm"); }
END
my $r = vmtap(@env, '-j1', "--json=$at/e.json", "--artifacts=$at/a/b", $script);
is $r->{status}, 1, 'the exit status is that of the tests';
like $r->{out}, qr/^TAP version 13\n1\.\.3$/m, '... and the TAP is there';
my @events = events("$at/e.json");
is $events[0]{event} . $events[0]{schema}, 'run1', 'JSON: the first event has the schema';
is $events[-1]{event} . join(',', @{$events[-1]}{qw(passed failed skipped)}), 'end1,1,1', '... the last one the counts';
my ($bad) = grep { $_->{event} eq 'point' && $_->{test} == 2 } @events;
is $bad->{verdict} . $bad->{name}, 'failedbad </script>', '... a point its verdict';
is $bad->{fields}{found}, "<b>one</b>\ntwo \x{FFFD}", '... and what was found, as valid UTF-8';
is scalar(grep { $_->{event} eq 'failure' && $_->{file} eq $script && $_->{line} == 3 } @events), 1, '... each failure its line';
my $page = slurp("$at/a/b/index.html");
unlike $page, qr/<script|<b>one/, 'the page: what a test says is text';
like $page, qr/1 failed.*bad &lt;\/script&gt;.*002-bad-script\/result\.txt/s, '... the failed test with its files';
like slurp("$at/a/b/002-bad-script/result.txt"), qr/^not ok 2 - bad/m, '... which are there';
is system('python3', '-c', 'import sys, xml.etree.ElementTree as E; E.parse(sys.argv[1])', "$at/a/b/index.html"), 0, '... well-formed';
$r = vmtap(@env, '-j1', '--filter=^good', "--artifacts=$at/a/b", $script);
ok !-e "$at/a/b/002-bad-script", 'what an earlier run left there is gone';

# What a script leaves itself, and the end of all
my $leaves = script(<<'END');
test("slow") { while (1) ; }
test("leaves") { host(fmt("echo mine >%q/own.txt", log_dir())); bail_out("there is no disk"); }
test("never") { }
END
$r = vmtap(@env, '-j2', "--artifacts=$at/own", $leaves);
is slurp("$at/own/002-leaves/files/own.txt"), "mine\n", 'log_dir(): a folder among those of the test';
like slurp("$at/own/index.html"), qr/"002-leaves\/files\/"/, '... which the page links';
is $r->{status}, 1, 'bail_out(): the run has failed';
like $r->{out}, qr/^ok 1 - slow # SKIP not run: "leaves" has called bail_out\(\)\nnot ok 2 - leaves\n/m, '... what was before it is over';
like $r->{out}, qr/^Bail out! there is no disk \(\S+:2\)\n\z/m, '... and nothing comes behind';

# What cannot be written
$r = vmtap(@env, '--artifacts=/proc/x', $script);
like $r->{err}, qr/cannot write the artifacts: /, 'a folder that cannot be made: explained';
is $r->{out} . $r->{status}, '3', '... before anything runs';
$r = vmtap(@env, '--json=-', $script);
like $r->{err}, qr/stdout, which is the TAP stream's\n# vmtap: name a file, or a descriptor/, 'events on stdout: refused';
$r = vmtap(@env, '--tap=deep', $script);
is $r->{status}, 2, 'an unknown form of TAP: refused';
like $r->{err}, qr/--tap is 'deep'/, '... by name';
SKIP: {
    skip 'no file system of our own can be mounted', 3 if $> || system("mkdir $at/full && mount -t tmpfs -o size=64k none $at/full 2>/dev/null");
    my $long = script('test("a") { for (int i = 0; i < 150; i++) note(fmt("%01000d", i)); is(1, 2); }' . "\ntest(\"b\") { }\n");
    $r = vmtap(@env, '-j1', "--artifacts=$at/full", $long);
    system("umount $at/full");
    is $r->{status}, 1, 'a full disk changes no result';
    is scalar(() = $r->{err} =~ /the artifacts are not complete: /g), 1, '... and is told once';
    like $r->{out}, qr/^ok 2 - b/m, '... while the run goes on';
}

# Nested
$r = vmtap(@env, '-j1', '--tap=nested', $script);
like $r->{out}, qr/^TAP version 14\n1\.\.3\n/, 'nested: TAP 14';
like $r->{out}, qr/^# Subtest: bad <\/script>\n    1\.\.1\n    not ok 1 - inner\nnot ok 2 - bad <\/script>\n  ---\n/m, '... a stream in front of its point';
unlike $r->{out}, qr/^  subtests:/m, '... instead of the list';

# With a machine
$script = script(<<'END');
vm(web, .memory = 96);
setup { web.succeed("true"); }
test("says") {
	web.succeed("printf '#!/bin/sh\\necho said in the journal\\n' >/bin/journalctl; chmod +x /bin/journalctl");
	web.succeed("printf 'first \\377<i>\\n' >/dev/console");
	web.succeed("echo last >/dev/console; exit 3");
}
END
$r = vmtap(@env, "--json=$at/m.json", "--artifacts=$at/m", $script);
@events = events("$at/m.json");
my @calls = grep { $_->{event} eq 'call' && $_->{test} } @events;
is scalar(@calls), 3, 'a machine: its calls';
is_deeply [map { $_->{line} . $_->{answer} . $_->{exit_status} . ($_->{failed} ? '!' : '') } @calls], ['4ok0', '5ok0', '6ok3!'], '... with lines and results';
like $calls[2]{call}, qr/^web\.succeed\("echo last/, '... in the words of the script';
cmp_ok $calls[1]{ms}, '>=', $calls[0]{ms} + $calls[0]{duration_ms}, '... one after the other';
my @states = map { $_->{state} } grep { $_->{event} eq 'machine' && $_->{test} } @events;
like "@states", qr/^(setup|boot|frozen|template) up/, '... where its life began';
my ($line) = map { $_->{line} } grep { $_->{event} eq 'console' && $_->{test} } @events;
is $line, "first \x{FFFD}<i>", '... what its console said';
is scalar(grep { $_->{event} eq 'setup' && $_->{verdict} eq 'passed' } @events), 1, '... and the setup';
cmp_ok $events[-1]{phases}{setup}{sum_ms}, '>', 0, 'the times of all phases';
like $r->{err}, qr/^#   phase  times .*\n#   boot .*\n(#   copy .*\n)?#   setup .*\n#   test /m, '... as a table, too';
like slurp("$at/m/001-says/console-web.txt"), qr/^\[\d+\.\d{3}\] first \xEF\xBF\xBD<i>$/m, 'files: the console';
like slurp("$at/m/001-says/commands.txt"), qr/:6: web\.succeed\("echo last.*: ok, exit status 3, \d+\.\d{3} s  <-- failed$/m, '... the commands';
is slurp("$at/m/001-says/journal-web.txt"), "said in the journal\n", '... and the journal, as the test has failed';
$page = slurp("$at/m/index.html");
like $page, qr/first \xEF\xBF\xBD&lt;i&gt;.*<div class="call bad">.*>last<.*<div class="failure bad">/s, 'the page: the failing call among what was said';
is system('python3', '-c', 'import sys, xml.etree.ElementTree as E; E.parse(sys.argv[1])', "$at/m/index.html"), 0, '... well-formed';
done_testing;
