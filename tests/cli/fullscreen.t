#!/usr/bin/perl
# fullscreen.t - vim, top and less in `vmtap shell`, in a terminal that draws: tmux tells what a person would see
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $vmtap = $ENV{VMTAP} // 'build/vmtap';
my $image = 'build/debian12-screen.tar';
plan skip_all => "there is no '$image': run `make image-debian12-screen`" if !-e $image && ($ENV{CI} // '') ne 'true';

my $tmux = "tmux -S " . dir() . "/tmux -f /dev/null";
END { system "$tmux kill-server 2>/dev/null" }

sub keys_are { system "$tmux send-keys -t it @_"; return }
sub screen { return scalar `$tmux capture-pane -p -t it` }
sub draws { my ($what, $name) = @_; my $seen = wait_for(100, sub { screen() =~ $what }); ok $seen, $name or diag screen(); return }
sub says { return `$tmux display-message -p -t it '$_[0]'` =~ s/\n//r }
sub resize { system "$tmux resize-window -t it -x $_[0] -y $_[1]"; return }

# The person's own shell is around it, so that what is left behind can be seen.
system "VMTAP_CACHE=@{[dir()]}/store ENV= $tmux new-session -d -s it -x 80 -y 24 sh";
keys_are("'PS1=\"host> \"; clear' Enter");
draws(qr/^host>$/m, 'a terminal of 80 columns and 24 lines');
keys_are("'stty -g >@{[dir()]}/before; echo on the host; $vmtap shell $image' Enter");
draws(qr/#$/m, '... a shell in a machine');
keys_are("'seq 1 300 >/root/numbers; cd; PS1=\"guest> \"; clear; echo in the guest' Enter");
draws(qr/\Ain the guest\nguest>$/m, '... which clears it');

# vim
keys_are("'vim.tiny -u NONE /root/numbers' Enter");
draws(qr/\A1 *\n2 *\n(?:.*\n){20}23 *\n"~\/numbers" 300 lines/, 'vim takes the whole screen');
is says('#{alternate_on}'), '1', '... its own';
resize(100, 30);
draws(qr/\A1 *\n(?:.*\n){27}29 *\n/, '... draws anew when the window grows');
resize(60, 12);
draws(qr/\A(?:.*\n){10}11 *\n/, '... and shrinks');
keys_are('G o');
keys_are("'typed here' Escape");
draws(qr/^typed here$/m, '... takes keys');
keys_are(':wq Enter');
draws(qr/^in the guest\n(?:.*\n)*guest>$/m, '... and gives the screen back');
is says('#{alternate_on}'), '0', '... the one that was there before';
keys_are("'tail -n 2 /root/numbers' Enter");
draws(qr/^300\ntyped here\nguest>$/m, '... with what was typed in the file');

# top
resize(80, 24);
keys_are("'clear; top -d 1' Enter");
draws(qr/\Atop - .* up .*load average.*\nTasks:.*\n.*Cpu/, 'top draws');
my ($time) = screen() =~ /top - (\S+)/;
ok wait_for(60, sub { screen() =~ /\Atop - (\S+)/ && $1 ne $time }), '... again and again' or diag screen();
resize(100, 10);
draws(qr/\Atop - (?:.*\n){9}[^\n]*\n?\z/, '... as many lines as there are');
keys_are('q');
draws(qr/^guest>$/m, '... until q');

# less
resize(80, 24);
keys_are("'clear; less /root/numbers' Enter");
draws(qr/\A1\n(?:.*\n){21}23\n\/root\/numbers/, 'less shows the first page');
keys_are('Space');
draws(qr/\A24\n(?:.*\n){21}46\n:/, '... the next');
keys_are("'/299' Enter");
draws(qr/^299\n/m, '... what is looked for');
keys_are('C-z');
draws(qr/Stopped.*less.*\nguest>$/m, '... ^Z is the guest\'s');
keys_are("'fg' Enter");
draws(qr/^299\n/m, '... and fg goes on');
keys_are('C-c');
keys_are('q');
draws(qr/^guest>$/m, '... until q');

# The end
keys_are("'exit 4' Enter");
draws(qr/^host>$/m, 'exit leads back to the host');
keys_are("'echo status=\$?; stty -g >@{[dir()]}/after' Enter");
draws(qr/^status=4$/m, '... with its status');
ok wait_for(20, sub { slurp(dir() . '/after') }), '... where keys are echoed';
is slurp(dir() . '/after'), slurp(dir() . '/before'), '... and the terminal is as it was';
is says('#{alternate_on}#{keypad_flag}#{mouse_any_flag}#{cursor_flag}'), '0001', '... no mode of a program stays';
done_testing;
