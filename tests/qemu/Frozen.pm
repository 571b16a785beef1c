# Frozen.pm - a QEMU of our own, with its guest's agent, as tests of frozen machines speak with them
package Frozen;
use strict;
use warnings;
use Errno;
use Exporter 'import';
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket;
use JSON::PP;
use POSIX ();
use Socket;
use Test::More;
use Text::ParseWords;
use Time::HiRes qw(time);

our @EXPORT = qw($qemu $dir %number spawn end ended text receive run configure await message qmp command boot ask_freezer freeze migrate opened
    thaw thaw_by holdings check_copies refused flip);

our $qemu = $ENV{VMTAP_QEMU} = $ENV{OWN_QEMU} // 'build/own-qemu/qemu-system-x86_64';
-x $qemu or Test::More::BAIL_OUT("'$qemu' is missing: make own-qemu");
our $dir = tempdir(CLEANUP => 1);
my $limit = 120;    # seconds for any one answer
my ($hello, $configure, $exec, $output, $exit, $wait, $done, $fail) = (1 .. 8);
my ($ready, $quiet) = (7, 8);
our %number = (qmp => 3, agent => 4, console => 5, net => 6, control => 20);

$SIG{PIPE} = 'IGNORE';
our %running;
END { my $status = $?; kill 'KILL', keys %running; $? = $status }

# ---- processes ----

my $spawned = 0;

# A process with %number's sockets and @$more, each [handle, number]. Return: our ends by name.
sub spawn {
    my ($command, @more) = @_;
    my %m = (buffer => '', id => 0, line => '', started => time, errors => "$dir/errors" . ++$spawned);
    my @given = @more;
    for my $name (keys %number) {
        my $type = $name eq 'control' ? SOCK_SEQPACKET : $name eq 'net' ? SOCK_DGRAM : SOCK_STREAM;
        socketpair($m{$name}, my $theirs, AF_UNIX, $type, PF_UNSPEC) or die "socketpair: $!";
        push @given, [$theirs, $number{$name}];
    }
    $m{pid} = fork // die "fork: $!";
    if ($m{pid} == 0) {
        my @high = map { [POSIX::dup2(fileno($_->[0]), 100 + $_->[1]), $_->[1]] } @given;
        POSIX::dup2($_->[0], $_->[1]), POSIX::close($_->[0]) for @high;
        my %keep = map { $_->[1] => 1 } @given;
        my $errors = POSIX::open($m{errors}, POSIX::O_WRONLY | POSIX::O_CREAT, 0600);
        POSIX::dup2($errors, 2);
        $keep{$_} or POSIX::close($_) for 3 .. 255;
        open STDIN, '<', '/dev/null';
        exec @$command or POSIX::_exit(127);
    }
    $running{$m{pid}} = 1;
    return \%m;
}

sub end {
    my ($m) = @_;
    kill 'KILL', $m->{pid};
    waitpid $m->{pid}, 0;
    delete $running{$m->{pid}};
    close $m->{$_} for keys %number;
}

# Return: [its status, what it said, the signal that ended it] of one that is to end by itself.
sub ended {
    my ($m) = @_;
    my $until = time + $limit;
    # Its last descriptor of ours is closed when it ends.
    comes($m, 'console', $limit) or end($m), return [-1, 'it runs', 0];
    waitpid $m->{pid}, 0;
    delete $running{$m->{pid}};
    return [$? >> 8, text($m->{errors}), $? & 127];
}

sub text {
    my ($path) = @_;
    open my $f, '<', $path or return '';
    local $/;
    return scalar(<$f>) // '';
}

# Whether somebody has stopped it (SIGSTOP), as for a measurement that is to have the processors for itself.
sub is_stopped { my ($m) = @_; return text("/proc/$m->{pid}/stat") =~ /\) T/ }

# Seconds in which this process or that machine's was stopped do not count.
sub comes {
    my ($m, $name, $seconds) = @_;
    my $ready = IO::Select->new($m->{$name});
    while ($seconds > 0) {
        return 1 if $ready->can_read(1);
        $seconds-- if !is_stopped($m);
    }
    return 0;
}

# What a machine that does not answer is at.
sub tell_state {
    my ($m) = @_;
    my $said = '';
    for my $task (glob "/proc/$m->{pid}/task/*") {
        my ($state) = text("$task/stat") =~ /\) (\S)/;
        $said .= sprintf "%s %s %s, in %s, ran %s ns\n", $task =~ s/.*\///r, text("$task/comm") =~ s/\n//r, $state // '?',
            (text("$task/wchan") || 'user'), text("$task/schedstat") =~ s/ .*\n//r;
    }
    for (['query-status'], map { ['human-monitor-command', {'command-line' => $_}] } 'info registers -a', 'info lapic', 'info irq') {
        my ($command, $arguments) = @$_;
        $m->{told} = 1;
        my $r = eval { qmp($m, $command, $arguments) } // $@;
        $said .= ref $r ? encode_json($r) . "\n" : $r;
    }
    my $console = '';
    sysread $m->{console}, $console, 1 << 16 if comes($m, 'console', 1);
    return "$said$console" =~ s/\r//gr;
}

sub receive {
    my ($m, $name, $what) = @_;
    comes($m, $name, $m->{told} ? 5 : $limit) or die "no answer ($what)" . ($m->{told} ? "\n" : ":\n" . tell_state($m));
    my $n = sysread $m->{$name}, my $bytes, 1 << 16;
    $n or die "QEMU has ended ($what): " . text($m->{errors});
    return $bytes;
}

# ---- the agent, as of src/wire/agent.h ----

sub str { my ($s) = @_; return pack('V a*', length $s, $s) }

sub ask {
    my ($m, $type, $payload) = @_;
    syswrite $m->{agent}, pack('V v v V a*', length $payload, 0x7674, $type, ++$m->{id}, $payload);
    my $out = '';
    for (;;) {
        my ($kind, $id, $body) = frame($m);
        next if $id != $m->{id};
        $out .= substr $body, 5 if $kind == $output;
        return ($kind, $body, $out) if $kind == $exit || $kind == $done || $kind == $fail;
    }
}

sub frame {
    my ($m) = @_;
    for (;;) {
        my ($size, undef, $type, $id) = length $m->{buffer} < 12 ? () : unpack 'V v v V', $m->{buffer};
        if (defined $size && length $m->{buffer} >= 12 + $size) {
            my $body = substr $m->{buffer}, 12, $size;
            substr $m->{buffer}, 0, 12 + $size, '';
            return ($type, $id, $body);
        }
        $m->{buffer} .= receive($m, 'agent', 'agent');
    }
}

# The command's output, or why there is none.
sub run {
    my ($m, $command) = @_;
    my ($kind, $body, $out) = ask($m, $exec, str($command) . pack('V', 0));
    return $out if $kind == $exit && unpack('V', $body) == 0;
    return "failed: $out $body";
}

# @entropy: 32 bytes, where it is not to be a machine's own.
sub configure {
    my ($m, $name, $entropy) = @_;
    open my $random, '<', '/dev/urandom';
    sysread $random, $entropy, 32 if !defined $entropy;
    my $now = int(time * 1e9);
    my ($kind, $body) = ask($m, $configure, pack('Q<', $now) . str($entropy) . pack('C', 1) . str($name) . str('') . pack('V', 0));
    $kind == $done or die "not configured: $body";
}

sub await { my ($m, $what) = @_; ask($m, $wait, pack('C', $what) . str('') . str('') . pack('V', 0)) }

# ---- QMP ----

sub message {
    my ($m) = @_;
    $m->{line} .= receive($m, 'qmp', 'QMP') until $m->{line} =~ s/^(.*?)\r?\n//;
    return decode_json($1);
}

sub qmp {
    my ($m, $command, $arguments) = @_;
    syswrite $m->{qmp}, encode_json({execute => $command, arguments => $arguments // {}}) . "\n";
    for (;;) {
        my $r = message($m);
        return $r->{return} if exists $r->{return};
        return $r if $r->{error};
    }
}

# ---- machines ----

my %command;    # by the script's first line: what vmtap would run

sub command {
    my ($vm) = @_;
    open my $f, '>', "$dir/t.c";
    print $f qq{$vm\ntest("t") {}\n};
    close $f;
    return @{$command{$vm} //= [shellwords(scalar `build/vmtap run --accel=tcg --dry-run $dir/t.c`)]};
}

# Boot one to where vmtap would save it.
sub boot {
    my ($vm, @more) = @_;
    my $m = spawn([command($vm), '-device', "vmtap-freezer,control=$number{control}", @more]);
    message($m);
    qmp($m, 'qmp_capabilities');
    frame($m);
    configure($m, '');
    await($m, $ready);
    configure($m, 'a'), run($m, 'true') for 1 .. 3;
    await($m, $quiet);
    return $m;
}

# sendmsg(2) with a descriptor, as struct msghdr, iovec and cmsghdr are on this processor.
sub send_with {
    my ($socket, $words, $file) = @_;
    my $vec = pack('P Q', $words, length $words);
    my $control = pack('Q l l l x4', 20, SOL_SOCKET, 1, fileno $file);
    my $header = pack('Q L x4 P Q P Q l x4', 0, 0, $vec, 1, $control, length $control, 0);
    syscall(46, fileno $socket, $header, 0x4000) == length $words or die "sendmsg: $!";
}

sub ask_freezer { my ($m, $words, $file) = @_; send_with($m->{control}, $words, $file) }

# Write a stopped machine's migration state, memory and all, to a file.
sub migrate {
    my ($m, $path) = @_;
    open my $file, '+>', $path or die "$path: $!";
    send_with($m->{qmp}, encode_json({execute => 'getfd', arguments => {fdname => 'state'}}) . "\n", $file);
    qmp($m, 'migrate', {uri => 'fd:state'});
    my $status = '';
    $status = qmp($m, 'query-migrate')->{status} // '' while $status !~ /failed|completed/;
    return $status;
}

# Return: what it answers; a thawed one has said "thawed" before.
sub freeze {
    my ($m, $path, @bases) = @_;
    open my $file, '+>', $path or die "$path: $!";
    ask_freezer($m, 'base', $_) for map { opened($_) } @bases;
    ask_freezer($m, 'freeze', $file);
    my $answer = 'thawed';
    $answer = receive($m, 'control', 'freezer') while $answer eq 'thawed';
    return $answer;
}

sub opened { my ($path) = @_; open my $file, '<', $path or die "$path: $!"; return $file }

sub thaw { my ($path, @bases) = @_; return thaw_by([], $path, @bases) }

# The same behind another command, as `setpriv ...`, which execs it.
sub thaw_by {
    my ($command, @files) = @_;
    my @given = map { [opened($files[$_]), 50 + $_] } 0 .. $#files;
    return spawn([@$command, $qemu, '-thaw', join ',', map { 50 + $_ } 0 .. $#files], @given);
}

# What the kernel holds for a process, and for its threads, but for numbers that are of one process alone.
sub holdings {
    my ($m) = @_;
    my $proc = "/proc/$m->{pid}";
    my %h = map { $_ => text("$proc/$_") } qw(limits timerslack_ns comm);
    my $wanted = qr/^(Umask|Threads|SigPnd|ShdPnd|SigBlk|SigIgn|SigCgt|Cap\w+|NoNewPrivs|Seccomp\w*|VmLck|VmPin):/;
    $h{status} = join '', grep { $_ =~ $wanted } split /^/, text("$proc/status");
    $h{exe} = readlink "$proc/exe";
    $h{threads} = join '', sort map { join '', grep { /^(SigBlk|NoNewPrivs|Seccomp\w*):/ } split /^/, text("$_/status") }
        glob "$proc/task/*";
    my @fds;
    for my $fd (glob "$proc/fd/*") {
        my ($n) = $fd =~ /(\d+)$/;
        my $is = $n <= 2 ? '' : readlink($fd) =~ s/\d+//r;
        my $info = text("$proc/fdinfo/$n");
        my @facts = $info =~ /^(flags:.*|sigmask:.*|lock:.*)$/mg;
        # QEMU opens and closes eventfds as the guest's drivers come and go: what counts is that all are alike.
        $n = 'N' if $is =~ /eventfd/;
        push @fds, join ' ', $n, $is, map { s/^lock:\s+\d+: //r } @facts;
    }
    $h{fds} = join "\n", sort @fds;
    return \%h;
}

sub median { my @s = sort { $a <=> $b } @_; return $s[@s / 2] }

# KiB that a process has of no file: what it has written to.
sub private { my ($m) = @_; my $kib = 0; $kib += $_ for text("/proc/$m->{pid}/smaps_rollup") =~ /^Anonymous:\s+(\d+)/mg; return $kib }

# By the shell alone, as each program takes time to be translated.
my $tell = 'echo $((6 * 7)); for f in /proc/sys/kernel/hostname /sys/devices/system/cpu/online /proc/sys/kernel/random/uuid /run/vmtap/generation; do'
    . ' read x <$f; echo $x; done';

# Thaw so many copies, each of which must say its own name, count right, draw numbers of its own, and take no more than others.
sub check_copies {
    my ($path, $n, $cpus, $name, @bases) = @_;
    my (%random, @bad, @first, @private, @fds);
    my $online = $cpus > 1 ? '0-' . ($cpus - 1) : 0;
    for my $i (1 .. $n) {
        my $m = thaw($path, @bases);
        my $said = eval {
            configure($m, "m$i");
            my $true = run($m, 'true');
            push @first, (time - $m->{started}) * 1e3;
            $true . run($m, $tell);
        } // $@;
        $said =~ /^42\nm$i\n$online\n([-0-9a-f]{36})\n([0-9a-f]{32})\n$/ and !$random{$1}++ and !$random{$2}++ or push @bad, "$i: $said";
        push @private, private($m);
        push @fds, scalar(my @open = glob "/proc/$m->{pid}/fd/*");
        end($m);
    }
    is join('', @bad), '', $name;
    my @sorted = sort { $a <=> $b } @private;
    cmp_ok $sorted[-1], '<', 2 * $sorted[0] + 1024, '... each with about the same memory of its own';
    is scalar(grep { $_ != $fds[0] } @fds), 0, '... and as many descriptors';
    diag sprintf 'first true of a copy after %.1f ms (median; least %.1f); %.1f MiB of its own', median(@first), (sort { $a <=> $b } @first)[0],
        median(@private) / 1024;
    return {private => \@private, first => \@first, fds => \@fds};
}

# ---- refusals ----

sub refused {
    my ($name, $words, $m) = @_;
    my $r = ended($m);
    is $r->[0], 1, "refused: $name";
    like $r->[1], $words, '... by name';
}

# Change one bit of a file.
sub flip { my ($f, $at) = @_; sysseek $f, $at, 0; sysread $f, my $c, 1; sysseek $f, $at, 0; syswrite $f, chr(ord($c) ^ 1) }

1;
