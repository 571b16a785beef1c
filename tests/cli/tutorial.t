#!/usr/bin/perl
# tutorial.t - all that tests/examples/README.md shows: its scripts, its commands, and what they print
use strict;
use warnings;
use lib 'tests/cli';
use Cwd 'abs_path';
use Test::More;
use Vmtap;

my $text = slurp('tests/examples/README.md');
my $dir = dir();
my $vmtap = abs_path($ENV{VMTAP} // 'build/vmtap');
my $image = abs_path('build/debian12-web.tar') // BAIL_OUT('make image-debian12-web first');
symlink $image, "$dir/debian12-web.tar";
symlink $vmtap, "$dir/vmtap";
$ENV{VMTAP_CACHE} = "$dir/store";
$ENV{VMTAP_KIT} //= abs_path('build/kit'); # beside the binary, which is a link
$ENV{PATH} = "$dir:$ENV{PATH}";

# Does what was printed have these lines, in this order? "..." stands for any text, of several lines where it is one alone.
sub shows {
    my ($printed, @lines) = @_;
    my $want = join '', map { $_ eq '...' ? '(?s:.*)' : '^' . join('.*', map { quotemeta } split /\.\.\./, $_, -1) . "\$\\n?" } @lines;
    return $printed =~ /\A$want\z/m;
}

# A command; TYPED is typed at its prompt
sub look {
    my ($command, @shown) = @_;
    my $printed = `cd '$dir' && printf %s "\$TYPED" | ($command) 2>err`;
    ok shows($printed, @shown), "\$ $command" or diag $printed, slurp("$dir/err");
}

my ($scripts, $commands) = (0, 0);
while ($text =~ /^```(\w*) ?(\S*)\n(.*?)^```$/msg) {
    my ($kind, $name, $block) = ($1, $2, $3);
    if ($kind eq 'c') {
        $scripts++;
        like $name, qr/^[a-z-]+\.c$/, 'a script has a name';
        file($name, $block);
        is vmtap('check', "$dir/$name")->{status}, 0, "$name compiles";
    } elsif ($kind eq 'console') {
        for my $part (grep { length } split /^(?=\$ )/m, $block) {
            my ($command, @lines) = split /\n/, $part;
            $commands++;
            local $ENV{TYPED} = join '', map { /^vmtap> (.*)/ ? "$1\n" : () } @lines;
            look($command =~ s{^\$ }{}r, grep { !/^vmtap> / } @lines);
        }
    }
}
cmp_ok $scripts, '>=', 5, 'there are scripts';
cmp_ok $commands, '>=', 9, 'there are commands';
ok !shows("ok 1 - a\nmore\n", 'ok 1 - b', '...'), 'what is shown otherwise is found';

# What it leads to is there
for my $link ($text =~ /\]\((?!http)([^)]+)\)/g) {
    ok -e "tests/examples/$link", "there is $link";
}

done_testing;
