#!/usr/bin/perl
# freeze.t - our QEMU writes machines to files and is mapped back from them (vendor/qemu/frozen.h)
#
# Speaks with QEMU and with the agent itself, as vmtap's own use of this is tested elsewhere. FREEZE_THAWS is how often the
# first file is thawed: more of them look longer for what is rare.
use strict;
use warnings;
use Errno;
use Fcntl qw(F_SETFD);
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket;
use JSON::PP;
use POSIX ();
use Socket;
use Test::More;
use Text::ParseWords;
use Time::HiRes qw(time);

my $qemu = $ENV{VMTAP_QEMU} = $ENV{OWN_QEMU} // 'build/own-qemu/qemu-system-x86_64';
-x $qemu or BAIL_OUT("'$qemu' is missing: make own-qemu");
my $thaws = $ENV{FREEZE_THAWS} // 25;
my $dir = tempdir(CLEANUP => 1);
my $limit = 120;    # seconds for any one answer
my ($hello, $configure, $exec, $output, $exit, $wait, $done, $fail) = (1 .. 8);
my ($ready, $quiet) = (7, 8);
my %number = (qmp => 3, agent => 4, console => 5, net => 6, control => 20);

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

# Return: [its status, what it said] of one that is to end by itself.
sub ended {
    my ($m) = @_;
    my $until = time + $limit;
    # Its last descriptor of ours is closed when it ends.
    IO::Select->new($m->{console})->can_read($limit) or end($m), return [-1, 'it runs'];
    waitpid $m->{pid}, 0;
    delete $running{$m->{pid}};
    return [$? >> 8, text($m->{errors})];
}

sub text {
    my ($path) = @_;
    open my $f, '<', $path or return '';
    local $/;
    return scalar(<$f>) // '';
}

sub receive {
    my ($m, $name, $what) = @_;
    IO::Select->new($m->{$name})->can_read($limit) or die "no answer ($what)";
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

sub configure {
    my ($m, $name) = @_;
    open my $random, '<', '/dev/urandom';
    sysread $random, my $entropy, 32;
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
    my ($m, $command) = @_;
    syswrite $m->{qmp}, encode_json({execute => $command}) . "\n";
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
sub ask_freezer {
    my ($m, $words, $file) = @_;
    my $vec = pack('P Q', $words, length $words);
    my $control = pack('Q l l l x4', 20, SOL_SOCKET, 1, fileno $file);
    my $header = pack('Q L x4 P Q P Q l x4', 0, 0, $vec, 1, $control, length $control, 0);
    syscall(46, fileno $m->{control}, $header, 0x4000) == length $words or die "sendmsg: $!";
}

# Return: what it answers; a thawed one has said "thawed" before.
sub freeze {
    my ($m, $path) = @_;
    open my $file, '+>', $path or die "$path: $!";
    ask_freezer($m, 'freeze', $file);
    my $answer = 'thawed';
    $answer = receive($m, 'control', 'freezer') while $answer eq 'thawed';
    return $answer;
}

sub thaw {
    my ($path, @more) = @_;
    open my $file, '<', $path or die "$path: $!";
    return spawn([$qemu, '-thaw', '50'], [$file, 50], @more);
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

# Thaw so many copies, each of which must say its own name, count right, and draw numbers of its own.
sub check_copies {
    my ($path, $n, $cpus, $name) = @_;
    my (%random, @bad, @first);
    for my $i (1 .. $n) {
        my $m = thaw($path);
        my $said = eval {
            configure($m, "m$i");
            my $true = run($m, 'true');
            push @first, (time - $m->{started}) * 1e3;
            $true . run($m, 'echo $((6 * 7)); hostname; nproc; head -c 16 /dev/urandom | md5sum | cut -c1-32');
        } // $@;
        $said =~ /^42\nm$i\n$cpus\n([0-9a-f]{32})\n$/ and !$random{$1}++ or push @bad, "$i: $said";
        end($m);
    }
    is join('', @bad), '', $name;
    diag sprintf 'first true of a copy after %.1f ms (median; least %.1f)', median(@first), (sort { $a <=> $b } @first)[0];
}

# ---- a kit guest ----

my $file = "$dir/kit";
my $m = boot('vm(a);');
my $before = holdings($m);
run($m, 'echo before >/tmp/file');
is freeze($m, $file), 'frozen', 'a running machine is frozen';
is run($m, 'cat /tmp/file; echo on'), "before\non\n", '... and runs on';
is_deeply qmp($m, 'query-status'), {running => JSON::PP::true, singlestep => JSON::PP::false, status => 'running'},
    '... as QMP says';
diag sprintf 'its file: %d MiB, %d on disk', (-s $file) >> 20, (stat $file)[12] >> 11;
check_copies($file, $thaws, 1, "$thaws copies are right");

my $one = thaw($file);
my $two = thaw($file);
configure($one, 'one');
configure($two, 'two');
run($_, 'hostname >/tmp/file') for $one, $two;
is run($one, 'cat /tmp/file') . run($two, 'cat /tmp/file') . run($m, 'cat /tmp/file'), "one\ntwo\nbefore\n",
    'copies that run at the same time do not see each other';
isnt run($one, 'head -c 16 /dev/urandom | md5sum'), run($two, 'head -c 16 /dev/urandom | md5sum'), '... nor draw the same numbers';
is run($one, 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; echo $i; gzip <bin/busybox | gunzip | cmp - bin/busybox && sleep 1 && echo right'),
    "20000\nright\n", '... and compute, and sleep, right';
my $after = holdings($one);
is $after->{$_}, $before->{$_}, "a copy is like a started QEMU: $_" for sort keys %$before;
is qmp($one, 'query-status')->{status}, 'running', 'QMP goes on in a copy';

# ---- copies of copies ----

my $copy = $one;
for my $depth (1 .. 3) {
    run($copy, "echo $depth >>/tmp/depth");
    is freeze($copy, "$dir/depth$depth"), 'frozen', "copy of depth $depth is frozen";
    end($copy);
    $copy = thaw("$dir/depth$depth");
    configure($copy, "depth$depth");
}
is run($copy, 'cat /tmp/file /tmp/depth; hostname'), "one\n1\n2\n3\ndepth3\n", 'what each did is there in the last';
check_copies("$dir/depth3", 5, 1, 'and its own copies are right');
is_deeply qmp($copy, 'quit'), {}, 'QMP ends it';
is_deeply ended($copy), [0, ''], '... well';

# ---- a machine that is paused ----

qmp($m, 'stop');
is freeze($m, "$dir/paused"), 'frozen', 'a paused machine is frozen';
is qmp($m, 'query-status')->{status}, 'paused', '... stays paused';
$copy = thaw("$dir/paused");
is qmp($copy, 'query-status')->{status}, 'paused', '... and so are its copies';
qmp($copy, 'cont');
is run($copy, 'echo on'), "on\n", '... until they are told';
end($copy);
qmp($m, 'cont');

# ---- refusals ----

sub refused {
    my ($name, $words, $m) = @_;
    my $r = ended($m);
    is $r->[0], 1, "refused: $name";
    like $r->[1], $words, '... by name';
}

sub changed {
    my ($change) = @_;
    system('cp', '--sparse=always', $file, "$dir/changed") == 0 or die;
    open my $f, '+<', "$dir/changed";
    $change->($f);
    close $f;
    return thaw("$dir/changed");
}

sub flip { my ($f, $at) = @_; sysseek $f, $at, 0; sysread $f, my $c, 1; sysseek $f, $at, 0; syswrite $f, chr(ord($c) ^ 1) }

refused('a file that was cut', qr/cut, or is longer/, changed(sub { truncate $_[0], (-s $file) - 4096 }));
refused('an empty file', qr/no file of a frozen machine/, changed(sub { truncate $_[0], 0 }));
refused('a file of another kind', qr/no file of a frozen machine/, thaw($qemu));
refused("a bit of the tables flipped at $_", qr/tables of its file are damaged/, changed(sub { flip($_[0], $_) })) for 40, 200, 2000, 4000;
refused('another version', qr/version \d+ of the format/, changed(sub { flip($_[0], 8) }));
refused('a descriptor that is missing', qr/descriptor 6 is not what it was/, do {
    my $net = delete $number{net};
    my $less = thaw($file);
    $number{net} = $net;
    $less->{net} = $less->{control};
    $less;
});
# The same code, another build ID.
my $other = "$dir/other";
system('cp', $qemu, $other) == 0 or die;
my $id = (`readelf -n $qemu` =~ /Build ID: ([0-9a-f]+)/)[0];
my $bytes = text($other);
flip(do { open my $f, '+<', $other; $f }, index($bytes, pack 'H*', $id));
open my $f, '<', $file;
refused('another QEMU', qr/another QEMU has frozen it/, spawn([$other, '-thaw', '50'], [$f, 50]));

my ($words, $null) = ('thaw', undef);
open $null, '+<', '/dev/null';
ask_freezer($m, $words, $null);
like receive($m, 'control', 'freezer'), qr/^cannot freeze: it was not asked/, 'a request that is none is refused';
open $null, '+<', '/dev/full';
ask_freezer($m, 'freeze', $null);
is receive($m, 'control', 'freezer'), 'cannot freeze: there is no room for it', 'a full disk is told';
is run($m, 'echo on'), "on\n", '... and the machine runs on';
ask_freezer($m, 'freeze', do { open my $f, '+>', "$dir/killed"; $f });
end($m);
$copy = thaw("$dir/killed");
like eval { configure($copy, 'x'); run($copy, 'echo on') } // text($copy->{errors}), qr/^on$|no file of a frozen machine/,
    'a machine that is killed while it is written leaves no file, or a whole one';
end($copy);

# ---- more processors, disks, networks ----

$m = boot('vm(a, .cpus = 4);');
is freeze($m, $file), 'frozen', 'a machine with 4 processors is frozen';
end($m);
check_copies($file, 10, 4, '... and its copies are right');

system("head -c 8M /dev/urandom >$dir/read; truncate -s 16M $dir/write") == 0 or die;
$m = boot('vm(a, .image = "build/debian12-web.tar");', '-blockdev', "driver=file,node-name=r,filename=$dir/read,read-only=on", '-device',
    'virtio-blk-pci,drive=r', '-blockdev', "driver=file,node-name=w,filename=$dir/write", '-device', 'virtio-blk-pci,drive=w',
    '-netdev', 'user,id=u', '-device', 'virtio-net-pci,netdev=u');
run($m, 'echo before >/dev/vdd; sync; ip address add 10.0.2.15/24 dev eth1; ip link set eth1 up');
is freeze($m, $file), 'frozen', 'a machine with disks and a user network is frozen';
refused('its disk, which the machine itself still writes', qr/write' is in use by another process/, thaw($file));
$before = holdings($m);
end($m);
my $sum = (split ' ', `md5sum $dir/read`)[0];
for my $i (1 .. 3) {
    $copy = thaw($file);
    configure($copy, "m$i");
    is $copy && run($copy, 'md5sum </dev/vdc | cut -c1-32'), "$sum\n", "copy $i reads its disk";
    is run($copy, 'dd bs=512 count=1 if=/dev/vdd iflag=direct 2>/dev/null | head -n 1'), $i == 1 ? "before\n" : $i - 1 . "\n", '... its other disk';
    run($copy, "echo $i | dd bs=512 conv=sync of=/dev/vdd oflag=direct");
    like run($copy, 'ip neighbour flush dev eth1; echo -n | timeout 5 bash -c "cat >/dev/tcp/10.0.2.2/1" 2>&1; ip neighbour show 10.0.2.2; true'), qr/lladdr/,
        '... and reaches its network';
    is holdings($copy)->{fds}, $before->{fds}, '... with the same descriptors, locks too' if $i == 1;
    end($copy);
}
done_testing;
