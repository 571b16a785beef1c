# Filter.pm - seccomp filters: a kernel that lacks system calls, or a container that refuses them
#
# A filter is a list of rules; the first that matches a call decides, and a call that none matches is allowed. Numbers,
# names and kernels are those of x86-64, where numbers are given out in order: what is newer than a kernel is what is
# numbered higher (@history; the few that came late are in it with the kernel they came with).
package Filter;
use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(ENOSYS EPERM DEADLY allow docker flags_newer_than newer_than refuse);

use constant {ENOSYS => 38, EPERM => 1, DEADLY => -1}; # errors of a call; the last is the end of the process

# The kernel each block of numbers came with, by the first number of the block. Sources: the kernel's
# arch/x86/entry/syscalls/syscall_64.tbl and syscalls(2).
my @history = (
    [0, '2.6.12'], [251, '2.6.13'], [256, '2.6.16'], [273, '2.6.17'], [279, '2.6.18'], [280, '2.6.22'],
    [281, '2.6.19'], [282, '2.6.22'], [283, '2.6.25'], [284, '2.6.22'], [285, '2.6.23'], [286, '2.6.25'],
    [288, '2.6.28'], [289, '2.6.27'], [295, '2.6.30'], [297, '2.6.31'], [299, '2.6.33'], [300, '2.6.37'],
    [302, '2.6.36'], [303, '2.6.39'], [307, '3.0'], [309, '3.1'], [310, '3.2'], [312, '3.5'], [313, '3.8'],
    [314, '3.14'], [316, '3.15'], [317, '3.17'], [321, '3.18'], [322, '3.19'], [323, '4.3'], [325, '4.4'],
    [326, '4.5'], [327, '4.6'], [329, '4.9'], [332, '4.11'], [333, '4.18'], [335, '6.11'], [424, '5.1'],
    [428, '5.2'], [434, '5.3'], [436, '5.9'], [437, '5.6'], [439, '5.8'], [440, '5.10'], [441, '5.11'],
    [442, '5.12'], [443, '5.14'], [444, '5.13'], [447, '5.14'], [448, '5.15'], [449, '5.16'], [450, '5.17'],
    [451, '6.5'],
);
my $last = 1023; # far above all that there are

my %number;

# Every name that this machine's headers know, with its number
sub calls {
    return \%number if %number;
    my ($header) = grep { -e } '/usr/include/x86_64-linux-gnu/asm/unistd_64.h', '/usr/include/asm/unistd_64.h';
    open my $f, '<', $header // die "asm/unistd_64.h: not found (linux-libc-dev)\n" or die "cannot read '$header': $!\n";
    while (my $line = <$f>) { $number{$1} = $2 if $line =~ /^#define __NR_(\w+) (\d+)$/ }
    return \%number;
}

sub call_number { return calls()->{$_[0]} // die "no system call is named '$_[0]'\n" }

sub order { my ($a, $b, $c) = split m{[.]}, $_[0]; return sprintf '%03d%03d%03d', $a, $b, $c // 0 }

# ---- rules: [what, from, to, errno] ----

sub refuse { my ($errno, @names) = @_; return map { [range => (call_number($_)) x 2, $errno] } @names }
sub allow { my @names = @_; return map { [range => (call_number($_)) x 2, 0] } @names }

# All calls that came after a kernel: newer_than('4.18', ENOSYS)
sub newer_than {
    my ($kernel, $errno) = @_;
    my @rules;
    for my $i (0 .. $#history) {
        my ($first, $since) = @{$history[$i]};
        push @rules, [range => $first, $i < $#history ? $history[$i + 1][0] - 1 : $last, $errno]
            if order($since) gt order($kernel);
    }
    return @rules;
}

# Calls of a name, by the low 32 bits of an argument: if any bit of a mask is set; if it is one of some values
sub refuse_bits { my ($errno, $name, $argument, $mask) = @_; return [mask => call_number($name), $argument, $mask, $errno] }
sub refuse_values { my ($errno, $name, $argument, @values) = @_; return map { [is => call_number($name), $argument, $_, $errno] } @values }

# What a kernel does not know of calls that it has, as far as vmtap and QEMU ask for it
sub flags_newer_than {
    my ($kernel) = @_;
    my @since = (
        ['3.11', refuse_bits(21, 'open', 1, 0x400000), refuse_bits(21, 'openat', 2, 0x400000)], # O_TMPFILE: EISDIR
        ['3.15', refuse_values(22, 'fcntl', 1, 36 .. 38)],                                       # F_OFD_...LK...: EINVAL
        ['4.5', refuse_values(25, 'ioctl', 1, 0x40049409), refuse_values(22, 'madvise', 2, 8)],  # FICLONE: ENOTTY; MADV_FREE
        ['4.14', refuse_values(92, 'setsockopt', 2, 60)],                                        # SO_ZEROCOPY: ENOPROTOOPT
    );
    return map { my ($since, @rules) = @$_; order($since) gt order($kernel) ? @rules : () } @since;
}

# What no rule before has allowed
sub rest { return [range => 0, $last, $_[0]] }

# ---- Docker's default profile ----

# What a container without capabilities may call on x86-64, by Docker's documentation and its profile as of 2023: clone and
# socket with exceptions. Left out are personality, which it allows for five values, and names of other processors. What is
# not in it fails with EPERM.
my @docker = qw(
    accept accept4 access adjtimex alarm arch_prctl bind brk capget capset chdir chmod chown clock_adjtime clock_getres
    clock_gettime clock_nanosleep clone close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1
    epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit
    exit_group faccessat faccessat2 fadvise64 fallocate fanotify_mark fchdir fchmod fchmodat fchown fchownat fcntl
    fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstatfs fsync ftruncate futex futex_waitv
    futimesat get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid geteuid getgid getgroups getitimer
    getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid
    getsockname getsockopt gettid gettimeofday getuid getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch
    io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit io_uring_enter io_uring_register io_uring_setup ioctl
    ioprio_get ioprio_set kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lgetxattr link linkat
    listen listxattr llistxattr lremovexattr lseek lsetxattr lstat madvise membarrier memfd_create memfd_secret mincore
    mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap modify_ldt mprotect mq_getsetattr mq_notify mq_open
    mq_timedreceive mq_timedsend mq_unlink mremap msgctl msgget msgrcv msgsnd msync munlock munlockall munmap
    name_to_handle_at nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc
    pkey_free pkey_mprotect poll ppoll prctl pread64 preadv preadv2 prlimit64 process_mrelease process_vm_readv
    process_vm_writev pselect6 ptrace pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recvfrom recvmmsg
    recvmsg remap_file_pages removexattr rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending
    rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max
    sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval
    sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop
    semtimedop sendfile sendmmsg sendmsg sendto set_robust_list set_thread_area set_tid_address setfsgid setfsuid setgid
    setgroups setitimer setpgid setpriority setregid setresgid setresuid setreuid setrlimit setsid setsockopt setuid
    setxattr shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 socket socketpair splice stat statfs statx symlink
    symlinkat sync sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime
    timer_settime timerfd_create timerfd_gettime timerfd_settime times tkill truncate umask uname unlink unlinkat utime
    utimensat utimes vfork vmsplice wait4 waitid write writev
);
use constant {NAMESPACES => 0x7e020000, VSOCK => 40}; # flags of clone(); a family of sockets

# @missing: names that the engine does not know yet, and so refuses
sub docker {
    my %missing = map { $_ => 1 } @_;
    return (refuse_bits(EPERM, 'clone', 0, NAMESPACES), refuse_values(EPERM, 'socket', 0, VSOCK),
        ($missing{clone3} ? () : refuse(ENOSYS, 'clone3')),
        allow(grep { !$missing{$_} && exists calls()->{$_} } @docker), rest(EPERM));
}

# ---- the program: struct sock_filter of <linux/filter.h> ----

use constant {LOAD => 0x20, EQUAL => 0x15, ABOVE => 0x25, AT_LEAST => 0x35, ANY_BIT => 0x45, GO => 0x05, RETURN => 0x06};
use constant {NUMBER => 0, ARCHITECTURE => 4, X86_64 => 0xc000003e};

sub step { my ($code, $k, $yes, $no) = @_; return pack 'SCCL', $code, $yes // 0, $no // 0, $k }
sub verdict { my ($errno) = @_; return step(RETURN, $errno < 0 ? 0x80000000 : $errno ? 0x50000 | $errno : 0x7fff0000) }
sub argument { my ($n) = @_; return step(LOAD, 16 + 8 * $n) }

# Refuse a call for an argument, or go on with the next rule.
sub by_argument {
    my ($call, $n, $test, $errno) = @_;
    return step(EQUAL, $call, 0, 4) . argument($n) . $test . verdict($errno) . step(LOAD, NUMBER);
}

my %compile = (
    range => sub {
        my ($from, $to, $errno) = @_;
        return step(AT_LEAST, $from, 0, 2) . step(ABOVE, $to, 1, 0) . verdict($errno);
    },
    mask => sub { my ($call, $n, $mask, $errno) = @_; return by_argument($call, $n, step(ANY_BIT, $mask, 0, 1), $errno) },
    is => sub { my ($call, $n, $value, $errno) = @_; return by_argument($call, $n, step(EQUAL, $value, 0, 1), $errno) },
);

sub program {
    my @rules = @_;
    return step(LOAD, ARCHITECTURE) . step(EQUAL, X86_64, 1, 0) . verdict(EPERM) . step(LOAD, NUMBER)
        . join('', map { my ($what, @rest) = @$_; $compile{$what}->(@rest) } @rules) . verdict(0);
}

# Put this process, and all that it becomes, under a filter.
sub load {
    my $program = program(@_);
    my $fprog = pack 'Sx6P', length($program) / 8, $program;
    my $prctl = call_number('prctl');
    syscall($prctl, 38, 1, 0, 0, 0) == 0 or die "cannot give up privileges: $!\n"; # PR_SET_NO_NEW_PRIVS
    syscall($prctl, 22, 2, $fprog, 0, 0) == 0 or die "cannot load a filter for system calls: $!\n"; # PR_SET_SECCOMP
    return;
}

1;
