#!/usr/bin/perl
# report.t - index.html of --artifacts in a real browser: it draws what a failure is explained by, runs no script of a guest's, asks for nothing else
#
# Chromium without a window, spoken to by its DevTools protocol on two pipes.
#
# VMTAP		the binary (default build/vmtap)
# CHROMIUM	the browser (default chromium)
# PICTURES	a folder, which is there: pictures of the page are left in it
use strict;
use warnings;
use lib 'tests/cli';
use JSON::PP;
use MIME::Base64;
use POSIX ();
use Test::More;
use Vmtap;

my $store = dir() . '/store';
my $at = dir() . '/report';

# Texts of a script and of a guest, each of which would be heard of if it were taken for HTML
my $bad = q{<img src=x onerror=evil=1><script>evil=1</script>&lt;\"'};
my $quoted = $bad =~ s/'/'\\\\''/r; # in quotes of a shell's
my $script = script(<<END);
vm(web, .memory = 96);
vm(db, .memory = 96);
test("passes") { web.succeed("true"); }
test("serves $bad") {
	db.start();
	web.succeed("echo 'console $quoted' >/dev/console");
	note("note $bad");
	subtest("part $bad") ok(1);
	web.succeed("echo 'stdout $quoted'; echo 'stderr' >&2; exit 3");
}
test("left out") { skip("reason $bad"); }
END
my $r = vmtap("VMTAP_CACHE=$store", 'CI=', "--artifacts=$at", $script);
is $r->{status}, 1, 'a run of which there is a report' or diag $r->{out}, $r->{err};

# ---- the browser ----

my ($pid, $requests, $answers);
{
    pipe my $in, $requests or die;
    pipe $answers, my $out or die;
    my $log = dir() . '/chromium.log';
    $pid = fork() // die "cannot fork: $!";
    if (!$pid) {
        POSIX::dup2(fileno $in, 13); # first out of the way of each other
        POSIX::dup2(fileno $out, 14);
        POSIX::dup2(13, 3); # where it reads requests,
        POSIX::dup2(14, 4); # and answers them
        open STDERR, '>', $log;
        exec $ENV{CHROMIUM} // 'chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--remote-debugging-pipe',
            '--user-data-dir=' . dir() . '/profile', 'about:blank' or die "cannot run the browser: $!";
    }
    $requests->autoflush(1);
}
END { kill 'KILL', $pid if $pid }
$SIG{ALRM} = sub { die "the browser does not answer:\n" . slurp(dir() . '/chromium.log') };
alarm 300;

my ($number, $session, @events) = (0);

# Return what it says next: an event or an answer.
sub hear {
    local $/ = "\0";
    my $text = <$answers> // die "the browser has ended:\n" . slurp(dir() . '/chromium.log');
    chomp $text;
    return decode_json($text);
}

sub asked {
    my ($method, %params) = @_;
    my %request = (id => ++$number, method => $method, params => \%params);
    $request{sessionId} = $session if $session;
    print $requests encode_json(\%request), "\0";
    for (;;) {
        my $said = hear();
        if (($said->{id} // 0) == $number) {
            die "$method: $said->{error}{message}" if $said->{error};
            return $said->{result};
        }
        push @events, $said;
    }
}

# The value of an expression in the page
sub value {
    my ($expression) = @_;
    my $result = asked('Runtime.evaluate', expression => $expression, returnByValue => JSON::PP::true);
    die "$expression: $result->{exceptionDetails}{text}" if $result->{exceptionDetails};
    return $result->{result}{value};
}

sub show {
    my ($width, $height, $dark) = @_;
    asked('Emulation.setDeviceMetricsOverride', width => $width, height => $height, deviceScaleFactor => 1, mobile => JSON::PP::false);
    asked('Emulation.setEmulatedMedia', features => [{name => 'prefers-color-scheme', value => $dark ? 'dark' : 'light'}]);
    return;
}

sub picture {
    my ($name) = @_;
    my $png = decode_base64(asked('Page.captureScreenshot', format => 'png')->{data});
    like $png, qr/^\x89PNG/, "... a picture of it: $name" or return;
    file($name, $png);
    system 'cp', dir() . "/$name", $ENV{PICTURES} if $ENV{PICTURES};
    return;
}

my ($tab) = grep { $_->{type} eq 'page' } @{asked('Target.getTargets')->{targetInfos}};
$session = asked('Target.attachToTarget', targetId => $tab->{targetId}, flatten => JSON::PP::true)->{sessionId};
asked("$_.enable") for qw(Page Runtime Log Network);
show(1280, 900);
@events = ();
asked('Page.navigate', url => "file://$at/index.html");
push @events, hear() while !grep { $_->{method} eq 'Page.loadEventFired' } @events;

# ---- what it draws ----

is_deeply [map { $_->{params}{exceptionDetails}{text} } grep { $_->{method} eq 'Runtime.exceptionThrown' } @events], [], 'no script fails';
is_deeply [map { $_->{params}{entry}{text} } grep { $_->{method} eq 'Log.entryAdded' } @events], [], '... and the browser complains of nothing';
is_deeply [grep { $_ ne "file://$at/index.html" } map { $_->{params}{request}{url} } grep { $_->{method} eq 'Network.requestWillBeSent' } @events],
    [], '... which asks for nothing but the page';

is value('document.querySelectorAll(".t").length'), 3, 'three tests';
is value('document.querySelectorAll(".t[open]").length'), 1, '... of which the one that failed is open';
like value('document.querySelector(".t[open] > summary").innerText'), qr/\Q<img src=x onerror=evil=1><script>evil=1<\/script>&lt;"'\E/,
    '... whose name is read as it is';
is value('(r => r.length && [...r].every(e => { const b = e.getBoundingClientRect(); return b.width > 0 && b.height > 0 }))' .
    '(document.querySelectorAll(".t[open] .time .row .call"))'), JSON::PP::true, 'the timeline: its calls are drawn';
is value('[...document.querySelectorAll(".t[open] .time b")].map(e => e.innerText).filter(t => t).sort().join(" ")'), 'db web', '... a row a machine';
cmp_ok value('(b => b.left)(document.querySelector(".t[open] .row .bad").getBoundingClientRect())'), '>',
    value('(b => b.left)(document.querySelector(".t[open] .row .call:not(.bad)").getBoundingClientRect())'), '... the one that failed behind the first';
like value('document.querySelector(".t[open] .log .call.bad").innerText'), qr/web\.succeed\(.*stdout <img/s, 'the failing call, in the log';
is value('getComputedStyle(document.querySelector(".t[open] .log .call.bad")).backgroundColor != getComputedStyle(document.body).backgroundColor'),
    JSON::PP::true, '... which stands out';
like value('[...document.querySelectorAll(".t[open] .log div")].map(e => e.innerText).join("\n")'),
    qr/console <img src=x onerror=evil=1><script>.*stdout <img/s, '... behind what the console said';
like value('document.querySelector(".t[open] .why").innerText'), qr/exit status 3/, 'why it failed';
ok value('document.querySelector(".t[open] .why").getBoundingClientRect().top < innerHeight'), '... without scrolling';

# ---- what is safe ----

is value('typeof evil'), 'undefined', 'no text of a script or a guest has become a script';
is value('document.querySelectorAll("img[onerror], script, [onclick], iframe, object, link[href], style:not(head style)").length'), 0, '... nor an element of the page';
is value('[...document.querySelectorAll("a")].every(a => a.href.startsWith("file://'. $at .'/"))'), JSON::PP::true, 'all links lead to files beside it';
is_deeply [grep { !-e "$at/$_" } @{value('[...document.querySelectorAll(".files a")].map(a => decodeURI(a.getAttribute("href")))')}], [], '... that are there';

# ---- where it is looked at ----

sub fits { return value('document.documentElement.scrollWidth <= innerWidth') }
picture('page.png');
ok fits(), 'it fits a desk';
show(390, 800);
ok fits(), '... a telephone';
picture('narrow.png');
show(1280, 900, 1);
is value('getComputedStyle(document.body).backgroundColor'), 'rgb(13, 17, 23)', '... and the dark';
picture('dark.png');
kill 'KILL', $pid;
waitpid $pid, 0;
$pid = 0;
done_testing;
