#!/usr/bin/perl
# empty.t - nothing but the bundle, /proc, /dev/null and a folder for temporary files, and nobody's rights
use strict;
use warnings;
use lib 'tests/world';
use Test::More;
use World;

my %files = ('/image.tar' => 'build/debian12-web.tar');

sub scripts {
    my ($world) = @_;
    return map { script($world, $_) } (
        qq{vm(m);\ntest("a kit guest") { is(m.succeed("echo hello"), "hello"); }\n},
        qq{vm(one);\nvm(two);\ntest("two machines") { start_all(); one.succeed("ping -c 1 two"); }\n},
        qq{vm(web, .image = "/image.tar");\n}
            . qq{test("a Debian root") { web.wait_for_unit("nginx.service"); like(web.succeed("curl -s http://localhost/"), "nginx"); }\n},
    );
}

my @all = ('a kit guest', 'two machines', 'a Debian root');
my $world = world();
my @scripts = scripts($world);
passes(run($world, {files => \%files}, 'run', @scripts), 'an empty root, as nobody', @all);
passes(run($world, {files => \%files}, 'run', @scripts), '... again, from what is kept', @all);
passes(run($world, {files => \%files, user => 1}, 'run', @scripts), 'the same in a namespace of users', @all);
for my $user (0, 1) {
    my $r = run($world, {user => $user}, 'doctor');
    is $r->{status}, 0, '... doctor is content' or diag "$r->{out}$r->{err}";
}

# Less than that
my $r = run($world, {proc => 0}, 'run', $scripts[0]);
if (bundled()) {
    is $r->{status}, 3, 'without /proc the bundle cannot be read';
    like $r->{err}, qr{cannot open '/proc/self/exe'.*\n.*is /proc mounted\?}, '... which is told';
} else {
    passes($r, 'without /proc, from a template', 'a kit guest');
    passes(run($world, {proc => 0, env => {VMTAP_CACHE => '/tmp/new'}}, 'run', $scripts[0]), '... with nothing kept', 'a kit guest');
}
$r = run(world(), {null => 0, files => {'/t.c' => "$world->{root}$scripts[0]"}}, 'run', '/t.c');
is $r->{status}, 3, 'without /dev/null: no machine';
like $r->{out}, qr{cannot open '/dev/null': No such file or directory.*needs this one file}s, '... which is told';

done_testing;
