#!/usr/bin/perl
# vary.t - one script over a matrix: --vary gives fields of its machines other values, and each point says which
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $store = dir() . '/store';
my @env = ("VMTAP_CACHE=$store", 'VMTAP_ACCEL=tcg', 'HARNESS_ACTIVE=1');
my $script = script(<<'END');
vm(server, .memory = 128);
vm_array(node, 2);

test("one") { }
test("two") { }
END
my $other = script(qq{vm(client);\ntest("three") { }\n});
sub names { return [split /\n/, vmtap(@env, '--list', @_)->{out}] }

is_deeply names('--vary', 'server.memory=128,256', $script),
    ['one [server.memory=128]', 'two [server.memory=128]', 'one [server.memory=256]', 'two [server.memory=256]'],
    'all tests with each value, and the names say which';
is_deeply names('--vary=server.memory=128,256', '--vary=node.cpus=1,2', '--filter=one', $script),
    [map { "one [server.memory=$_->[0], node.cpus=$_->[1]]" } [128, 1], [128, 2], [256, 1], [256, 2]], 'each with each';
is_deeply names('--vary=cpus=1,2', '--filter=cpus=2', $script), ['one [cpus=2]', 'two [cpus=2]'],
    'a field of all machines; a filter sees the values';
is_deeply names('--vary=server.memory=128,256', "$script:4", $other),
    [(map { "$script: one [server.memory=$_]" } 128, 256), "$other: three"], 'a script without the machine runs as it is';
is_deeply names('--vary=memory=128,256', "$other:2"), ['three [memory=128]', 'three [memory=256]'], 'FILE:LINE has variants, too';

# What QEMU gets
my @lines = split /\n/, vmtap(@env, '--dry-run', '--vary=server.memory=128,300', '--vary=node1.cpus=2,3', $script)->{out};
is_deeply [map { (/ -m (?:size=)?(\d+)/)[0] } @lines], [128, 128, 128, 128, 128, 128, 300, 128, 128, 300, 128, 128], 'memory of one machine';
is_deeply [map { (/ -smp (\d+)/)[0] } @lines], [1, 1, 2, 1, 1, 3, 1, 1, 2, 1, 1, 3], 'processors of one element of an array';
@lines = split /\n/, vmtap(@env, '--dry-run', '--vary=node.append=first,second', $script)->{out};
is_deeply [map { /(first|second)/ ? $1 : '' } @lines], ['', 'first', 'first', '', 'second', 'second'], 'a text of an array';

# Reports tell the variants apart, and --failed remembers which
my $bad = script(qq{vm(m);\ntest("fails") { ok(0); }\ntest("passes") { }\n});
my ($junit, $json) = (dir() . '/junit.xml', dir() . '/events.json');
my $r = vmtap(@env, 'HARNESS_ACTIVE=', "--junit=$junit", "--json=$json", '--vary=m.memory=128,256', $bad);
is $r->{status}, 1, 'a run of variants';
my @want = ('fails [m.memory=128]', 'passes [m.memory=128]', 'fails [m.memory=256]', 'passes [m.memory=256]');
is_deeply [$r->{out} =~ /^(?:not )?ok \d+ - (.*)$/mg], \@want, '... names in TAP';
is_deeply [slurp($junit) =~ /<testcase name="([^"]*)"/g], \@want, '... in JUnit';
my %seen = map { $_ => 1 } slurp($json) =~ /"name":"([^"]*\[[^"]*)"/g;
is_deeply [sort keys %seen], [sort @want], '... in JSON';
like $r->{err}, qr/again, what failed: vmtap --failed --vary=m\.memory=128,256 \Q$bad\E$/m, '... and how to run what failed again';
is_deeply names('--failed', '--vary=m.memory=256,512', $bad), ['fails [m.memory=256]'], '... which are only those';

# What is wrong
sub refused {
    my ($vary, $want, $name) = @_;
    my $r = vmtap(@env, (map { "--vary=$_" } @$vary), $script);
    like $r->{err}, $want, "$name: explained";
    is $r->{status}, 2, '... exit status 2';
    is $r->{out}, '', '... stdout is left alone';
}
refused(['servr.memory=128'], qr/no script has a machine 'servr'\n.*did you mean 'server'\?/, 'a wrong machine');
refused(['server.memry=128'], qr/there is no field 'memry' that holds one value\n.*did you mean 'memory'\?/, 'a wrong field');
refused(['server.nets=lan'], qr/there is no field 'nets' that holds one value/, 'a field that is a list');
refused(['server.memory='], qr/there are no values\n.*commas/, 'an empty list');
refused(['server.memory=1,,2'], qr/a value is empty/, 'an empty value');
refused(['server.memory=128,128'], qr/'128' is there twice/, 'a value twice');
refused(['server.memory=much'], qr/'much' is not a whole number/, 'a text for a number');
refused(['server.snapshot=2'], qr/'2' is neither 0 nor 1/, 'a number for a switch');
refused(['server'], qr/there is no '=' in it\n.*server\.image=/, 'no values at all');
refused(['.memory=1'], qr/the machine's name is empty/, 'no machine in front of the dot');
refused(['memory=128', 'server.memory=256'], qr/give values to one field/, 'two lists for one field');
refused(['cpus=' . join(',', 1 .. 128), 'memory=128,129,130'], qr/more than 256 variants/, 'too many variants');

# A value that the machine cannot have is a script that is wrong, in that variant only
$r = vmtap(@env, '--vary=server.memory=5,128', $script);
like $r->{out}, qr/^not ok 1 - \S+ compiles \[server\.memory=5\]\n.*\.memory is 5 MiB: it must be 16 to/ms, 'a value out of range';
like $r->{out}, qr/^ok 3 - two \[server\.memory=128\]$/m, '... does not keep others from running';
$r = vmtap(@env, 'check', '--vary=server.memory=5,128', $script);
like $r->{err}, qr/\.memory is 5 MiB.*\n.*\n    as \[server\.memory=5\]$/m, 'check says which variant is wrong';
is $r->{status}, 2, '... exit status 2';

# check looks for what machines boot from
$r = vmtap(@env, 'check', script(<<'END'));
vm_array(a, 2, .image = "nothing.tar");
vm(b, .kernel = "/etc/passwd", .initrd = "/nope.cpio");
vm(c, .kernel = "/", .files = {"not/built:/usr/bin/x"});
test("one") { }
END
like $r->{err}, qr/^\S+:1: error: \.image of machine 'a0': cannot open 'nothing\.tar': No such file/m, 'an image that is not there';
unlike $r->{err}, qr/'a1'/, '... is told once';
like $r->{err}, qr/^\S+:2: error: \.kernel of machine 'b': '\/etc\/passwd' is not a Linux kernel/m, 'a kernel that is none';
like $r->{err}, qr/^\S+:2: error: \.initrd of machine 'b': cannot open '\/nope\.cpio'/m, 'an initrd that is not there';
like $r->{err}, qr/^\S+:3: error: \.files of machine 'c': 'not\/built' \(\.files\) is not there/m, 'a file that was not built';
unlike $r->{err}, qr/\.kernel of machine 'c'/, '... what a kernel\'s folder has is found out when it is booted';
is $r->{status}, 2, '... exit status 2';
file('words.tar', "no image\n" x 200);
$r = vmtap(@env, 'check', '--vary=m.image=words.tar', script(qq{vm(m);\ntest("one") { }\n}));
like $r->{err}, qr/\.image of machine 'm': .*words\.tar.*\n    as \[m\.image=words\.tar\]$/ms, 'an image that is none, of a variant';

done_testing;
