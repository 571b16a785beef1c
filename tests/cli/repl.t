#!/usr/bin/perl
# repl.t - vmtap repl: a C prompt with a script's machines and functions, on pipes and on a terminal
use strict;
use warnings;
use lib 'tests/cli';
use Test::More;
use Vmtap;

my $store = dir() . '/store';
$ENV{VMTAP_CACHE} = $store;
$ENV{TERM} = "xterm";
my $vmtap = $ENV{VMTAP} // "build/vmtap";
my $script = script(<<'END');
vm(server);
vm(client);
struct point { int x, y; };
static int count = 5;
static const char *const names[] = { "a", "b" };
typedef struct point corner;
static int twice(int x) { return 2 * x; }
test("one") { count++; is(count, 6); }
test("two") { ok(0); }
test("three") { skip("no reason"); }
test("four") { *(char *)1 = 2; }
END

# What the prompt does with this input on a pipe
sub piped {
    my ($input, @args) = @_;
    my $in = file('input', $input);
    my $out = `$vmtap repl @args $script <$in 2>@{[dir()]}/err`;
    return {out => $out, err => slurp(dir() . '/err'), status => $? & 127 ? "signal $?" : $? >> 8};
}
sub shows {
    my ($input, $want, $name) = @_;
    my $r = piped($input);
    is $r->{out}, $want, $name;
    is $r->{err} . $r->{status}, '0', '... and nothing is wrong';
}
sub complains {
    my ($input, $want, $name) = @_;
    my $r = piped("$input\n\"still here\"\n");
    like $r->{err}, $want, $name;
    is $r->{out}, "still here\n", '... and the session goes on';
    is $r->{status}, 1, '... whose exit status tells of it';
}

# Values, none of which needs a machine
shows("1 + 2\n1.5\n\"abc\"\n(void *)0\n(char *)0\n3 > 2 ? 7L : 8L\n(bool)1\n-1u\n'a'\n", "3\n1.5\nabc\nNULL\nNULL\n7\ntrue\n4294967295\n97\n",
    'values by their type');
shows("twice(21)\nnames[1]\ncount\nserver.name\n", "42\nb\n5\nserver\n", 'functions, variables and machines of the script, static ones too');
shows("count = 9\ncount;\ncount\n", "9\n9\n", 'a variable keeps its value; a ; keeps it to itself');
shows("int y = 4, *q = &y;\n*q = 6;\ny\nchar *s = fmt(\"%d\", count);\ns\nint a[] = {1, 2, 3};\na[2]\n", "6\n5\n3\n",
    'variables, with constants and with what is computed');
shows("corner p = {1, 2};\nstruct point r = p;\nr.y\nr\nunion u { int i; };\nunion u v;\nv.i\n", "2\na structure of 8 bytes\n0\n",
    'types of the script and of earlier lines');
shows("int f(int a) {\n  return a * 3;\n}\nf(5)\nint f(int a, int b) { return a + b; }\nf(5, 1)\n", "15\n6\n", 'a function, and another of its name');
shows("#define N 12\nN\n#define N 13\n#define TWICE(x) \\\n  ((x) + (x))\nTWICE(N)\n", "12\n26\n", 'macros');
shows("for (int i = 0; i < 2; i++)\n  printf(\"i=%d\\n\", i);\nif (count) {\nputs(\"yes\");\n}\n", "i=0\ni=1\nyes\n", 'statements, over lines');
shows("/* a\ncomment */ 3\n\"\\x1b[31m\\t\xc3\xa9\\377\"\n", "3\n\\x1b[31m\t\xc3\xa9\\xff\n", 'comments; what commands a terminal is disarmed');
shows("1\nexit\n2\n", "1\n", 'exit');
shows("#!/usr/bin/env -S vmtap repl\n1\n\n\n2", "1\n2\n", 'a first line for the kernel, empty lines, a last one without an end');

{
    my $machines = script(qq{vm(one);\nsetup { one.write_file("/left", "by setup"); }\n});
    is `echo 'one.succeed("cat /left")' | $vmtap repl $machines 2>/dev/null`, "by setup\n", 'a script need have no tests here';
}

# Errors
complains('foo(3)', qr/^  foo\(3\)\n  \^\nerror: 'foo' undeclared/, 'a name that is not known, at its place');
complains('server.suceed("x")', qr/^  server\.suceed\("x"\)\n {9}\^\nerror: there is no field 'suceed'; did you mean 'succeed'\?\n$/, 'a method that there is not');
complains("twice(1,\n2)", qr/^line 2: error: too many arguments to function\n$/, 'an error in the second of two lines');
complains('int x = 5', qr/error: ';' expected\n$/, 'a declaration without an end');
complains('twice("x")', qr/pointer/, 'a wrong type');
complains('vm(more);', qr/declared in the script/, 'a further machine');
complains('undefined_yet(1); int undefined_yet(int);', qr/undeclared/, 'a function that comes later');
complains("int nowhere(int);\nnowhere(1)", qr/'nowhere' is not provided/, 'a function that never comes');
complains("(\n", qr/error/, 'a bracket that stays open');
complains('ok(count == 4);', qr/^failed: not true: count == 4\n$/, 'a check');
complains('is("a", "b");', qr/found: a\n  wanted: b\n$/, 'a comparison shows both');

# What ends the process of a line undoes the line
complains('count = 1; *(int *)0 = 1;', qr/^crashed: access through a null pointer\n$/, 'a null pointer');
complains('abort()', qr/^failed: the script called abort/, 'abort()');
complains('exit(3)', qr/^failed: the script called exit\(3\)/, 'exit()');
complains("int deep(int n) { return deep(n + 1) + 1; }\ndeep(0)", qr/^crashed: stack overflow/, 'an endless recursion');
complains('1 / (count - 5)', qr/^crashed: integer division by zero/, 'a division by zero');
complains('for (char *p = (char *)(names - 100000), *end = p + 1000000; p < end; p++) *p = 0;', qr/^crashed/, 'memory written over');
complains('for (;;) malloc(1 << 20);', qr/^failed: the script has used up its memory/, 'memory used up');
complains(('(' x 100000) . '1' . (')' x 100000), qr/a line can have/, 'a line too long');
is piped("count = 1;\ncount = 2; *(int *)0 = 1;\ncount\nok(++count == 0)\ncount\n")->{out}, "1\nfalse\n2\n",
    'a crash undoes what the line did to variables, a failed check does not';

# Tests at the prompt
my $r = piped("count = 5;\nrun_test(\"one\")\ncount\nrun_tests()\nrun_test(\"tow\")\n");
is $r->{out}, "ok - one\n5\nok - one\nnot ok - two\nok - three # SKIP no reason\nnot ok - four\n", 'tests run, with C variables of their own';
like $r->{err}, qr/failed: \S+:9: not true: 0\n/, '... a failure has its line';
like $r->{err}, qr/crashed: \S+:11: access/, '... a crash is one test\'s';
like $r->{err}, qr/no test "tow"; did you mean "two"\?/, '... a name that there is not';

# Machines
$r = piped(<<'END');
server.succeed("uname -n")
server.execute("echo a; echo b >&2; exit 3")
server.write_file("/root/kept", "text");
*(int *)0 = 1;
server.read_file("/root/kept")
client.succeed("ping -c 1 -W 5 server >/dev/null && echo heard")
server.is_up()
server.succeed("echo oops >&2; exit 4")
within(0.5) { server.wait_for_file("/nope"); }
server.interact()
server.shutdown()
server.is_up()
start_all()
server.start()
server.succeed("uname -n")
END
like $r->{out}, qr/^server\nexit status 3, \d+\.\d+ s\nout: a\nerr: b\ntext\nheard\ntrue\nfalse\nserver\n$/, 'machines, which outlive a crash';
like $r->{err}, qr/server\.succeed: the command failed with exit status 4\n  stderr: oops/, '... a command that fails';
like $r->{err}, qr/timed out after 0\.5 s: '\/nope' does not exist/, '... a wait in a limit';
like $r->{err}, qr/server\.interact: there is no terminal/, '... no shell on a pipe';
my $set_up = script(qq{vm(a);\nsetup { a.write_file("/root/left", "by setup"); }\ntest("t") { }\n});
$script = $set_up;
is piped("a.read_file(\"/root/left\")\n")->{out}, "by setup\n", 'machines as setup left them';
is piped("a.succeed(\"ls /root\")\n", '--no-setup')->{out}, '', '... or not';
$script = script(qq{test("t") { }\n});
$r = piped("within(0.1) for (;;);\nvoid spin(void) { for (;;); }\nwithin(0.1) spin();\nwithin(0.1) { volatile int i = 0; while (i >= 0) i ^= 1; }\n7\n");
is $r->{out}, "7\n", 'a line that computes for ever, in a limit, ends';
is scalar(() = $r->{err} =~ /within\(0\.1\)|0\.1 s/g), 3, '... each time' or diag $r->{err};
is piped("1\n")->{out}, "1\n", 'a script without machines';
for my $case ([[], qr/a script is wanted/], [['a.c', 'b.c'], qr/one script is wanted.*b\.c/], [[script('vm(a')], qr/:1: error/]) {
    $r = vmtap('repl', @{$case->[0]});
    like $r->{err}, $case->[1], 'a wrong command line or script: explained';
    is $r->{status}, 2, '... exit status 2';
}

# A terminal
$script = script(qq{vm(server);\nint twice(int x) { return 2 * x; }\ntest("t") { }\n}
    . qq{test("long") { puts("long goes on"); server.succeed("sleep 1000"); }\ntest("behind") { }\n});
sub is_restored {
    my ($name) = @_;
    my ($before, $after) = terminal_modes();
    is $after, $before, "... the terminal is as it was $name";
}
# Keys that come before the prompt are the terminal's, which takes some for its own. Each answer is another number, so that
# what is waited for was not there before.
sub prompts { return sees(qr/vmtap> \e\[K\r\e\[7C\z/) }
sub answers {
    my ($typed, $want, $name) = @_;
    prompts() if $typed !~ /^\cU/;
    types($typed);
    ok sees(qr/^\Q$want\E\r?$/m), $name;
}

terminal(60, "$vmtap repl $script");
ok sees(qr/^machine: server; help explains.*vmtap> /ms), 'a terminal: what there is, and a prompt';
answers("100 + 1\r", '101', 'a line');
answers("10+2\cA1\r", '112', '^A');
answers("99\cA1\cE3\r", '1993', '^E');
answers("xx\cU120\r", '120', '^U');
answers("130 junk\cW\r", '130', '^W');
answers("14\e[D\e[D2\e[C\cK0\r", '210', 'arrows and ^K');
answers("15x\x7f1\r", '151', 'backspace');
answers("16\eOH\e[3~7\r", '76', 'home and delete');
answers("300 + 7\r", '307', 'a line to come back to');
answers("\e[A\x7f8\r", '308', 'up: the line before, changed');
prompts();
types("junk(\cC");
answers("310\r", '310', '^C drops a line');
answers("twice(\r160)\r", '320', 'a line over two');
ok sees(qr/  \.\.\.> /), '... with its own prompt';
answers("tw\t(165)\r", '330', 'a function is completed');
prompts();
types("server.wait_for_\t\t");
ok sees(qr/wait_for_unit\(.*wait_for_file\(/s), 'choices are listed';
answers("\cU" . "serv\t.exec\t\"exit 34\").status + 306\r", '340', 'a machine and a method are completed');
answers("*(int *)0 = 1;\r350\r", '350', 'a crash leaves the session');
prompts();
types("for (;;) ;\r");
ok sees(qr/for \(;;\) ;\e\[K[^\n]*\r\n/), 'an endless loop';
types("\cC");
ok sees(qr/^.*interrupted/m), '... is ended by ^C, once';
answers("360\r", '360', '... and the session goes on');
# A ^C that is typed ahead of a prompt drops what else was: so none is typed twice, and each must be heard.
prompts();
types("puts(\"under way\"); server.succeed(\"sleep 1000\");\r");
ok sees(qr/^under way/m), 'a command that lasts';
types("\cC");
ok sees(qr/^under way.*interrupted.*vmtap> /ms), '... is ended by ^C';
answers("361\r", '361', '... and the session goes on');
prompts();
types("server.succeed(\"echo up >/dev/ttyS0; sleep 1000\")\r\cC362\r");
ok sees(qr/^362\r?$/m), '... and by one that comes right behind the line';
prompts();
types("run_tests()\r");
ok sees(qr/^long goes on/m), 'a test that lasts';
types("\cC");
ok sees(qr/^not ok - long\r?\n.*^interrupted: 1 of 3 tests did not run/ms), '... is ended by ^C, and with it the tests behind it';
answers("server.succeed(\"echo 3\"\"70\")\r", '370', '... and the machine lives on');
prompts();
types("server.interact()\r");
ok sees(qr/^\S*~ # /m), 'interact(): a prompt of the guest\'s';
types("echo in\"\"side; exit 3\n");
ok sees(qr/^inside/m), '... its shell';
answers("380\r", '380', '... and back at ours');
prompts();
types("server.interact()\r");
ok sees(qr/^inside.*~ # /ms), '... once more';
types("\n~.");
ok sees(qr/~ # (?:(?!~ # ).)*vmtap> (?:(?!~ # ).)*\z/s), '... and cut off';
answers("server.succeed(\"echo 3\"\"90\")\r", '390', '... and back at ours, with the machine as it was');
prompts();
types("\cD");
ok sees(qr/left=0/), '^D ends it';
is_restored('after ^D');

terminal(60, "$vmtap repl $script");
sees(qr/vmtap> /);
answers("\e[A\e[A\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\r1 + 400\r", '401', 'another session');
ok slurp("$store/history") =~ /^300 \+ 7$/m, '... knows the lines of the one before';
is sprintf('%o', (stat "$store/history")[2] & 07777), '600', '... which only its owner can read';
prompts(); # a ^D before it is the end of a line, and lost
types("\cD");
sees(qr/left=0/);
is_restored('after it');

sub processes { return grep { slurp("/proc/$_/cmdline") =~ /vmtap\0repl/ } map {m{(\d+)}} glob '/proc/[0-9]*' }
sub parent { my ($pid) = @_; return slurp("/proc/$pid/stat") =~ /\) \S (\d+)/ ? $1 : 0 }

# A terminal without escape sequences, as an editor's shell is
terminal(60, "TERM=dumb $vmtap repl $script");
for my $case (['400 + 1', qr/^401\r$/m], ['twice(', qr/^  \.\.\.> \z/m], ['201)', qr/^402\r$/m], ['for (;;) ;', qr/^vmtap> for \(;;\) ;\r$/m]) {
    sees(qr/^(?:vmtap|  \.\.\.)> \z/m);
    types("$case->[0]\n");
    ok sees($case->[1]), "a dumb terminal: $case->[0]";
}
types("\cC");
ok sees(qr/interrupted.*^vmtap> \z/ms), '... ^C ends what runs';
types("junk(\cC");
my @ours = grep { slurp("/proc/$_/cmdline") =~ /\Q$script\E/ } processes();
cmp_ok kill($_, @ours), '>', 1, "... SIG$_ is heard" for qw(CONT WINCH);
types("403\n");
ok sees(qr/^403\r$/m), '... and ends nothing; the line that was being typed is dropped';
sees(qr/^vmtap> \z/m);
types("\cD");
ok sees(qr/left=0/), '... ^D ends the session';
unlike shown(), qr/\e/, '... no escape sequence was shown';
is_restored('after it');

# Whatever is killed, nothing is left and the terminal is as it was
for my $case (['the world', 0], ['the keeper', 1], ['the base', 2], ['the runner', 3]) {
    my ($who, $generation) = @$case;
    terminal(60, "$vmtap repl $script");
    sees(qr/vmtap> /);
    types("server.succeed(\"sleep 1000\")\r");
    my @chain;
    wait_for(50, sub {
        my @all = processes();
        my %is = map { $_ => 1 } @all;
        @chain = grep { !$is{parent($_)} } @all;
        while (@chain && (my ($next) = grep { parent($_) == $chain[-1] } @all)) { push @chain, $next }
        return @chain == 4 && left_over($store);
    });
    is scalar @chain, 4, "a line runs: four processes, of which $who is killed";
    kill 'KILL', $chain[$generation] if @chain == 4;
    ok sees(qr/left=/), '... the session ends';
    is_restored("after the death of $who");
    ok wait_for(10, sub { !processes() && !left_over($store) }), '... nothing is left';
}
terminal(60, "$vmtap repl $script");
sees(qr/vmtap> /);
types("server.succeed(\"sleep 1000\")\r");
wait_for(50, sub { left_over($store) });
my ($screen) = grep { slurp("/proc/$_/cmdline") =~ /^script\0-qefc\0.*\Q$script\E/s } map {m{(\d+)}} glob '/proc/[0-9]*';
kill 'KILL', $screen;
ok wait_for(20, sub { !processes() && !left_over($store) }), 'the terminal goes away: nothing is left'
    or diag join "\n", processes(), left_over($store);
terminal_modes();
done_testing;
