#!/usr/bin/perl
# install.t - what is built and what is installed needs neither the tree it was built in nor its builder's home
use strict;
use warnings;
use lib 'tests/cli';
use Cwd qw(abs_path getcwd);
use File::Find;
use Test::More;
use Vmtap;

my $tree = getcwd();
my $home = (getpwuid $>)[7];
my $made = dir() . '/made with a space';
my $moved = dir() . '/moved';

# What is below a folder, sorted; not the folders themselves
sub files {
    my ($top) = @_;
    my @found;
    find({no_chdir => 1, wanted => sub { push @found, s/^\Q$top\E//r if -l $_ || !-d $_ }}, $top);
    return sort @found;
}

# Make's own environment is no part of the question. Return what it said.
sub make {
    my ($target) = @_;
    my $said = `env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make $target PREFIX=/opt/vmtap 'DESTDIR=$made' 2>&1`;
    is $?, 0, "make $target";
    return $said;
}

# Links that leave a folder
sub leading_out {
    my ($top) = @_;
    my $inside = abs_path($top) . '/';
    return grep { -l "$top$_" && (readlink("$top$_") =~ m{^/} || index(abs_path("$top$_") // '', $inside) != 0) } files($top);
}

is_deeply [leading_out('build')], [], 'build/: no link leads out of it';
my $cache = $ENV{VMTAP_VENDOR_CACHE} // ($ENV{XDG_CACHE_HOME} // "$home/.cache") . '/vmtap';
my @used = grep { m{^/(kit|qemu|licenses|vmtap)} } files('build');
is_deeply [grep { -f "build$_" && -s _ < 1e6 && slurp("build$_") =~ /\Q$cache\E/ } @used], [],
    '... and no file of what is used from there names the cache';

# ---- install ----
is make('install'), '', 'installing says nothing';
my %there = map { $_ => 1 } files("$made/opt/vmtap");
ok $there{$_}, "there is $_" for qw(/bin/vmtap /share/vmtap/kit/vmlinuz /share/vmtap/kit/busybox /share/man/man1/vmtap.1
    /share/man/man7/vmtap-script.7 /share/bash-completion/completions/vmtap /share/zsh/site-functions/_vmtap /share/fish/vendor_completions.d/vmtap.fish);
is_deeply [leading_out($made)], [], 'no link leads out';
is `find '$made' ! -perm -444 -o -type d ! -perm -555 -o ! -type l -perm /022`, '', 'everybody can read it, its owner alone can write to it';
is `find '$made' -type f -links +1`, '', 'no file is shared with the build';
my @first = files($made);
make('install');
is_deeply [files($made)], \@first, 'installing again changes nothing';

# ---- use it: moved, in a world without the tree and the home ----
rename "$made/opt/vmtap", $moved or die "cannot rename: $!";
my $script = script(qq{vm(m);\ntest("it runs") { like(m.succeed("uname -r"), "^[0-9]"); }\n});
my $alone = $> == 0 ? 'unshare --mount' : 'unshare --user --map-root-user --mount';
my $hidden = join ' && ', map { "mount -t tmpfs -o mode=0 hidden '$_'" } grep { -d } $tree, $home;
my $gone = qq{[ ! -e "$tree/build" ] && [ ! -e "$home/.cache" ]};
SKIP: {
    skip 'no mount namespaces here', 3 if !$ENV{CI} && system "$alone true 2>/dev/null";
    my $run = "HOME=/nonexistent VMTAP_CACHE=" . dir() . "/cache $moved/bin/vmtap run --accel=tcg $script";
    my $out = `cd / && $alone sh -c '$hidden && $gone && echo hidden && env -u VMTAP_KIT -u VMTAP_VENDOR_CACHE -u XDG_CACHE_HOME $run' 2>&1`;
    like $out, qr/^hidden$/m, 'the tree and the home are hidden';
    like $out, qr/^ok 1 - it runs$/m, 'a machine boots from what was installed and moved';
    is $?, 0, '... exit status 0' or diag $out;
}

# ---- uninstall ----
rename $moved, "$made/opt/vmtap" or die "cannot rename: $!";
my $other = "$made/opt/vmtap/share/other";
mkdir $other;
system "touch '$other/file'";
is make('uninstall'), '', 'uninstalling says nothing';
is_deeply [files($made)], ['/opt/vmtap/share/other/file'], '... and leaves nothing but what is not vmtap\'s';
ok !-e "$made/opt/vmtap/share/vmtap", '... also no folder of its own';
make('uninstall');

# ---- what else there is in build/, and what is not there any more; what cannot be ----
my $bare = dir() . '/bare';
system "mkdir $bare && cp -R Makefile ci $bare && mkdir -p $bare/src/cmd && cp src/rooms $bare/src && cp src/cmd/vmtap.1 $bare/src/cmd";
system "cd $bare && mkdir -p from/build && cp -R ci src from && cd from/build && mkdir kit qemu licenses && touch vmtap kit/kit.id qemu/qemu.id licenses/GPL-2";
system "$bare/from/ci/install $bare/all";
is_deeply [files("$bare/all/share/vmtap")], ['/kit/kit.id', '/licenses/GPL-2', '/qemu/qemu.id'], 'QEMU and licences are installed where there are any';
system "rm -r $bare/from/build/qemu && $bare/from/ci/install $bare/all";
is_deeply [files("$bare/all/share/vmtap")], ['/kit/kit.id', '/licenses/GPL-2'], '... and what was there before, and is not any more, goes';
like `cd $bare && ci/install $bare/to 2>&1; echo status \$?`, qr{there is no build/vmtap\n.*run make and make kit first.*\nstatus 3$}s,
    'nothing is built: told, with what to do';
ok !-e "$bare/to", '... and nothing is installed';

done_testing;
