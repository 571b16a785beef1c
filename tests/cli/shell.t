#!/usr/bin/perl
# shell.t - vmtap shell: a root shell in a machine, on a terminal and on pipes
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $store = dir() . '/store';
$ENV{VMTAP_CACHE} = $store;
$ENV{TERM} = "xterm";
my $vmtap = $ENV{VMTAP} // "build/vmtap";

# What a command on pipes does with this input
sub piped {
    my ($input, @args) = @_;
    my $in = file('input', $input);
    my $out = `$vmtap shell @args <$in 2>@{[dir()]}/err`;
    return {out => $out, err => slurp(dir() . '/err'), status => $? & 127 ? "signal $?" : $? >> 8};
}

my $r = piped("id -u\ntty\npwd\nexit 3\n");
is $r->{out}, "0\nnot a tty\n/root\n", 'on pipes: root, at home, without a terminal';
is $r->{status}, 3, '... its status is ours';
is $r->{err}, '', '... nothing else is said';
is piped("kill -9 \$\$\n")->{status}, 128 + 9, 'a signal is 128 and its number, as in a shell';
is piped("head -c 5000000 /dev/zero | tr '\\0' x\n")->{out}, 'x' x 5000000, 'more output than fits anywhere';
is piped("echo oops >&2")->{err}, "oops\n", 'standard error stays apart';
like piped("wc -c <<'END'\n" . "0123456789abcde\n" x 20000 . "END\n")->{out}, qr/^320000$/, 'more input than fits anywhere';
$r = piped("poweroff -f\nsleep 100\n");
is $r->{status}, 3, 'a machine that goes away';
like $r->{err}, qr/guest/, '... is told';

# Scripts and images
my $script = script(<<'END');
vm(one);
vm(two);
setup { one.write_file("/root/left", "by setup"); two.start(); }
test("t") { }
END
is piped("cat left\nping -c 1 -W 5 two >/dev/null && echo heard\n", $script)->{out}, "by setupheard\n",
    'a script: its machines as setup left them';
is piped("uname -n\n", $script, 'two')->{out}, "two\n", '... each by its name';
is piped("uname -n\n", file('two-machines', "#!/usr/bin/env vmtap\n" . slurp($script)), 'two')->{out}, "two\n",
    '... a script is known by its #! line, too';
is piped("cat left\n", '--no-setup', $script)->{status}, 1, '... or without the setup';
is piped("uname -n\n", script("vm(a);\n"))->{out}, "a\n", '... and one need have no tests';
$r = piped("uname -n\n", script(qq{vm(a);\nsetup { a.succeed("false"); }\ntest("t") { }\n}));
like $r->{err}, qr/setup failed, so the machines are as they boot: \S+:2: a\.succeed/, 'a setup that fails is told';
is $r->{out}, "a\n", '... and there is a shell all the same';
for my $case (
    [[$script, 'tow'], qr/declares no machine 'tow'.*did you mean 'two'/s, 'a mistyped machine'],
    [[script(qq{test("t") { }\n})], qr/declares no machine/, 'a script without machines'],
    [[script(qq{\n})], qr/declares no machine/, 'an empty script'],
    [[dir() . '/no.tar'], qr/cannot open image '\S+no\.tar'/, 'an image that is not there'],
    [[$script, 'one', 'more'], qr/there is 'more' behind the machine's name/, 'one word too many'],
    [[script('vm(a')], qr/:1: error/, 'a script that does not compile'],
) {
    my ($args, $want, $name) = @$case;
    $r = vmtap('shell', @$args);
    like $r->{err}, $want, "$name: explained";
    is $r->{status}, 2, '... exit status 2';
}

# A terminal
sub is_restored {
    my ($name) = @_;
    my ($before, $after) = terminal_modes();
    is $after, $before, "... the terminal is as it was $name";
}

terminal(97, "$vmtap shell");
ok sees(qr/^\S*~ # /m), 'a terminal: a prompt';
types("stty size; tty\n");
ok sees(qr/^31 97\r?\n\/dev\/pts\/0/m), '... its size is the guest\'s';
# Said by what ^C is to end: the shell has made it the terminal's by then. The prompt behind it comes when that has ended.
types("sh -c 'echo be\"\"gun; exec sleep 1000'\n");
ok sees(qr/^begun/m), '... a command runs';
types("\cC");
sees(qr/^begun.*~ # /ms);
types("echo st\"\"ill \$TERM\n");
ok sees(qr/^still xterm/m), '... ^C is the guest\'s, and ends the command only';
types("~~\n\cUexit 7\n");
ok sees(qr/left=7/m), '... exit';
is_restored('after exit');

terminal(97, "$vmtap shell");
sees(qr/~ # /);
types("\n~.");
ok sees(qr/left=0/m), '~. cuts it off';
is_restored('after ~.');

# The process that has the terminal
sub relay {
    return (grep { slurp("/proc/$_/cmdline") =~ /vmtap\0shell/ && slurp("/proc/$_/environ") =~ /\Q$store\E/
        && slurp("/proc/$_/task/$_/children") eq '' } map {m{(\d+)}} glob '/proc/[0-9]*')[0];
}

# Stopped, as by a person in a hurry, while a shell makes the terminal its own; then it goes on
terminal(97, "$vmtap shell");
sees(qr/~ # /);
my $relay = relay();
my $its = readlink "/proc/$relay/fd/0";
kill 'STOP', $relay;
system "stty -F $its sane";
like `stty -F $its -a`, qr/ icanon/, 'stopped, and the terminal is another\'s';
kill 'CONT', $relay;
ok wait_for(20, sub { `stty -F $its -a` =~ /-icanon/ }), '... and goes on with the terminal as it needs it';
types("exit 8\n");
ok sees(qr/left=8/m), '... to the end';
is_restored('after that');

for my $signal (qw(KILL TERM)) {
    terminal(97, "$vmtap shell");
    sees(qr/~ # /);
    $relay = relay();
    kill $signal, $relay if $relay;
    ok sees(qr/left=/m), "SIG$signal to the process that has the terminal";
    is_restored("after SIG$signal");
}
wait_for(60, sub { !left_over($store) });
is_deeply [left_over($store)], [], 'nothing is left over';
done_testing;
