#!/usr/bin/perl
# completion.t - what bash, zsh and fish make of a line and a tabulator
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $vmtap = $ENV{VMTAP} // 'build/vmtap';
my $dir = dir();
mkdir "$dir/with a space";
file($_, '') for 'script.c', 'notes.txt', 'with a space/inner.c', 'image.tar';
system "$vmtap completion $_ >$dir/$_" for qw(bash zsh fish);

# Each shell as it is without its user's settings, with the completion loaded from a file
my %start = (
    bash => "bash --norc --noprofile -i; bind 'set bell-style none'; . $dir/bash",
    zsh  => "zsh -f -i; bindkey -e; autoload -U compinit; compinit -u -d $dir/dump; . $dir/zsh",
    fish => "fish --no-config -i; source $dir/fish",
);
$ENV{HOME} = $ENV{XDG_CONFIG_HOME} = $ENV{XDG_DATA_HOME} = $dir;
$ENV{TERM} = 'xterm';
$ENV{$_} = '' for qw(HISTFILE fish_history);

my $asked = 0;

# Type a line and a tabulator; then make it the text of an echo. Return what it has become.
sub completed {
    my ($line) = @_;
    my $file = "$dir/answer" . ++$asked;
    types("$line\t\x01echo '\x05' >$file.new && mv $file.new $file\n");
    wait_for(60, sub { -e $file }) or return 'nothing; shown: ' . shown();
    my $text = slurp($file);
    chomp $text;
    return $text =~ s/[ =]$//r; # zsh takes the = of an option away again, and fish lets it be a blank
}

my @common = (
    ['vmtap doct', 'vmtap doctor', 'a command'],
    ['vmtap completion z', 'vmtap completion zsh', 'a word of a synopsis'],
    ['vmtap cache ex', 'vmtap cache export', '... and of one with several'],
    ['vmtap help she', 'vmtap help shell', 'a command for help'],
    ['vmtap scr', 'vmtap script.c', 'a script without a command'],
    ['vmtap --juni', 'vmtap --junit', 'an option without a command'],
    ['vmtap run --until', 'vmtap run --until-fail', 'a flag'],
    ['vmtap run --accel=t', 'vmtap run --accel=tcg', 'a value'],
    ['vmtap run --accel=kvm --tap=ne', 'vmtap run --accel=kvm --tap=nested', '... behind another'],
    ['vmtap run --junit=not', 'vmtap run --junit=notes.txt', 'a file as a value'],
    ['vmtap shell --no', 'vmtap shell --no-setup', 'an option of another command'],
    ['vmtap shell im', 'vmtap shell image.tar', 'an image'],
    ['vmtap-x86_64 doct', 'vmtap-x86_64 doctor', 'the one file'],
    ['./vmtap-x86_64 new --im', './vmtap-x86_64 new --image', '... by its path'],
);

file('vmtap-x86_64', "#!/bin/sh\n");
chmod 0755, "$dir/vmtap-x86_64";
for my $shell (qw(bash zsh fish)) {
    SKIP: {
        skip "no $shell", 1 if !$ENV{CI} && system "command -v $shell >/dev/null";
        my ($command, @then) = split /; /, $start{$shell};
        terminal(200, $command);
        types("cd $dir\n", map { "$_\n" } @then);
        is completed($_->[0]), $_->[1], "$shell: $_->[2]" for @common;
        is completed('vmtap check with\ a\ space/in'), 'vmtap check with\ a\ space/inner.c', "$shell: a folder with blanks";
        types("exit\n");
        terminal_modes();
    }
}

# Nothing is left out: every option of every command, as the help has them
for my $command (vmtap('help')->{out} =~ /^  ([a-z]+) /mg) {
    my @options = vmtap('help', $command)->{out} =~ /^ .*?--([a-z-]+)/mg;
    for my $shell (qw(bash zsh fish)) {
        my $text = slurp("$dir/$shell");
        my ($part) = $shell eq 'fish' ? join "\n", grep { /__vmtap_is $command'/ } split /\n/, $text
            : $text =~ /^\t\Q$command\E\)(.*?);;$/ms;
        is_deeply [grep { $part !~ ($shell eq 'fish' ? qr/ -l \Q$_\E / : qr/--\Q$_\E\b/) } @options], [],
            "$shell knows all options of $command";
    }
}

for my $case ([[], qr/say for which shell/], [['zhs'], qr/no completion for 'zhs'\n.*: it can be made for bash, zsh and fish$/m], [['bash', 'zsh'], qr/say for which shell/]) {
    my $r = vmtap('completion', @{$case->[0]});
    like $r->{err}, $case->[1], "completion @{$case->[0]}: explained";
    is $r->{status}, 2, '... exit status 2';
    is $r->{out}, '', '... stdout is left alone';
}

done_testing;
