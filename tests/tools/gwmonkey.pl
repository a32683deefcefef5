#!/usr/bin/perl
# Peers that say anything in any protocol at any moment.
#
#	gwmonkey.pl SEED SECONDS KIND=ADDR...
#
# For so many seconds up to 60 connections at a time to the listeners of a
# gateway, KIND being what each is: plain, tls, proxy, metrics, unix.  VSAP in
# lines and in binary, SOCKS 4 and 5, HTTP, TLS records (true ones and made
# up), PROXY headers; whole, cut and glued, ended, half-closed and reset at
# any time; some never read.  What gets bound is visited.  What is answered
# is not judged, but that anything is: a client beside all that says ECHO
# again and again at the first plain listener, and has to hear it within
# $GWMONKEY_PATIENCE seconds (1).  Prints "slowest N ms" of these, and how many
# connections there were.  The same SEED says the same things.
use strict;
use warnings;
use Errno qw(EAGAIN);
use IO::Select;
use IO::Socket::IP;
use IO::Socket::UNIX;
use Socket qw(MSG_DONTWAIT MSG_NOSIGNAL SOL_SOCKET SO_LINGER SO_RCVBUF);
use Time::HiRes qw(time);

my ($seed, $seconds, @listeners) = @ARGV;
my $patience = $ENV{GWMONKEY_PATIENCE} // 1;
srand $seed;
$SIG{PIPE} = 'IGNORE';
$| = 1;
my @at = map { [split /=/, $_, 2] } @listeners;
my ($home) = map { $_->[1] } grep { $_->[0] eq 'plain' } @at;
my (%conn, @bound, $begun, $slowest);
my $over = time + $seconds;
$begun = $slowest = 0;

sub pick { return $_[rand @_] }

sub junk {
    my $n = int rand pick(1, 8, 64, 600, 9000);
    return join '', map { chr int rand 256 } 1 .. $n;
}

# ---- what is said --------------------------------------------------------

# (Port 1 is left to tests that want one where nobody listens.)
sub address {
    return pick(@bound) if @bound && rand() < 0.4;
    return pick('127.0.0.1:0', ':0', '*:0', 'localhost:0', '127.0.0.1:19', 'name:a', 'name:b',
        '/tmp/a', '/tmp/b', '/etc/x', 'foo', '', ':99999', '[::', '-', 'fd:0', '#1', '[::1]:19',
        '[::ffff:127.0.0.1]:19', '127.1:19', '0x7f.1:19', '0.0.0.0:19', '169.254.169.254:80',
        map { $_->[1] } @at);
}

sub scram { return 'AUTH SCRAM-SHA-256 ' . pick('bix1PW9wcyxyPWFiYw==', 'Yz1iaXdzLHI9YWJj', '', '====', 'AAAA') }

sub line {
    my $l = pick('ECHO x', 'ECHO', 'AUTH ops:secret', 'AUTH ops:secret', 'AUTH ops:wrong', 'AUTH :', 'AUTH',
        scram(), scram(), 'LISTEN 1', 'LISTEN #1 3', 'ACCEPT', 'ACCEPT -t=1', 'ACCEPT #1 -p=3',
        'RELAY', 'RELAY -t=1', 'RELAY -f', 'STAT', 'STAT -j', 'HELP', 'BREAK', '', 'NOPE', 'QUIT',
        'GET / HTTP/1.1', "a\0b", 'ECHO ' . 'y' x 1100,
        map({ ("BIND $_" . pick('', '', ' -a=127.0.0.0/8', ' -r=5', ' -l=2'), "CONNECT $_" . pick('', ' -t=1'), "FORWARD $_") }
            address(), address(), address()));
    return $l . pick("\r\n", "\r\n", "\n");
}

sub lines { return join '', map { line() } 0 .. rand 4 }

sub target {
    my $a = address();
    return pack 'Ca4n', 1, pack('C4', $1, $2, $3, $4), $5 if $a =~ /^(\d+)\.(\d+)\.(\d+)\.(\d+):(\d+)$/ && $5 < 65536;
    return pick(pack('C C/a n', 3, $a, int rand 65536), pack('Ca16n', 4, "\0" x 15 . "\1", 1),
        pack('C C/a n', 0x80, $a, 0), pack('Cn', 0, 0), pack('C', int rand 256));
}

sub socks5 {
    my $s = pick("\5\1\0", "\5\2\0\2", "\5\1\2", "\5\0", "\5\1\x80");
    $s .= pick('', '', pack('C C/a C/a', 1, pick('ops', '', 'x' x 255), pick('secret', '', 'y')));
    for (0 .. rand 4) {
        my $code = pick(1, 1, 2, 2, 3, 9, 0x80 .. 0x88);
        my $opt = $code < 0x80 ? '' : pick('', '', '-t=1', '-a=127.0.0.1', "\1");
        $s .= pack('CCC', 5, $code, length $opt) . target() . $opt;
    }
    return $s . pick('', junk());
}

sub socks4 {
    return pack('CCnC4', 4, pick(1, 1, 2, 3), int rand 65536, pick([127, 0, 0, 1], [0, 0, 0, 1])->@*) .
        pick('me', '', 'u' x 300) . "\0" . pick('', "localhost\0", 'n' x 300 . "\0");
}

sub http {
    my $h = pick('CONNECT', 'CONNECT', 'GET', 'POST', 'X' x 40) . ' ' . pick(address(), '/metrics', '/', 'x' x 5000) .
        ' ' . pick('HTTP/1.1', 'HTTP/1.0', 'HTTP/9', 'HTTP') . "\r\n";
    $h .= pick('Host: a', 'Proxy-Authorization: Basic b3BzOnNlY3JldA==', 'Proxy-Authorization: Basic !', 'Content-Length: 5',
        'Transfer-Encoding: chunked', 'Content-Length: x', ' folded', 'X: ' . 'z' x 3000, "X: \0") . "\r\n"
        for 0 .. rand 5;
    return $h . pick("\r\n", "\r\n", '') . pick('', http_again(), junk());
}

sub http_again { return "GET /metrics HTTP/1.1\r\n\r\n" }

sub proxy {
    my $sig = "\r\n\r\n\0\r\nQUIT\n";
    return pick("PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\n", "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n", "PROXY UNKNOWN\r\n",
        "PROXY TCP6 ::1 ::1 1 2\r\n", "PROXY \r\n", 'PROXY ' . 'x' x 200, $sig . pack('CCn', 0x21, 0x11, 12) . "\x0a\0\0\1\x7f\0\0\1\0\1\0\2",
        $sig . pack('CCn', 0x20, 0, 0), $sig . pack('CCn', 0x21, 0x31, 216) . 'p' x 216, $sig . pack('CCn', 0x2f, 0xff, 65535), $sig);
}

# A true ClientHello, of openssl(1).
sub client_hello {
    my $l = IO::Socket::IP->new(Listen => 1, LocalAddr => '127.0.0.1:0') or return '';
    my $pid = fork // return '';
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', '/dev/null';
        exec 'openssl', 's_client', '-connect', '127.0.0.1:' . $l->sockport;
        exit 1;
    }
    local $SIG{ALRM} = sub { };
    alarm 5;
    my $c = $l->accept;
    my $hello = '';
    sysread $c, $hello, 8192 if $c;
    alarm 0;
    close $c if $c;
    kill 9, $pid;
    waitpid $pid, 0;
    return $hello;
}
my $hello = client_hello();

sub tls {
    return pick($hello, $hello, $hello . junk(), substr($hello, 0, rand length $hello), "\x16\3\1\xff\xff" . junk(),
        "\x16\3\1\0\5hello", "\x16", "\x15\3\3\0\2\2\x28", $hello . "\x15\3\3\0\2\2\x28");
}

sub speech {
    my ($kind) = @_;
    my $s = rand() < 0.08 ? junk() : pick(\&lines, \&lines, \&lines, \&socks5, \&socks5, \&socks4, \&http, \&http)->();
    $s = tls() if $kind eq 'tls' && rand() < 0.6;
    $s = http_again() if $kind eq 'metrics' && rand() < 0.7;
    $s = proxy() . $s if rand() < ($kind eq 'proxy' ? 0.9 : 0.03);
    $s = substr $s, 0, rand length $s if rand() < 0.2;
    return $s;
}

# ---- connections ---------------------------------------------------------

sub dial {
    my ($kind, $addr) = @_;
    my $s = $addr =~ m{^/} ? IO::Socket::UNIX->new(Peer => $addr)
        : IO::Socket::IP->new(PeerAddr => $addr, Blocking => 0);
    $s or return;
    $s->blocking(0);
    my $deaf = rand() < 0.1;
    setsockopt $s, SOL_SOCKET, SO_RCVBUF, 2048 if $deaf;
    $begun++;
    return $conn{fileno $s} = { s => $s, kind => $kind, deaf => $deaf,
        left => int rand 8, say => speech($kind), talks => 1 };
}

sub leave {
    my ($c) = @_;
    setsockopt $c->{s}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0) if rand() < 0.4;
    delete $conn{fileno $c->{s}};
    close $c->{s};
}

sub talk {
    my ($c) = @_;
    return leave($c) if $c->{left}-- <= 0;
    return unless $c->{talks};
    my $part = substr $c->{say}, 0, rand() < 0.6 ? length $c->{say} : 1 + rand 40, '';
    send $c->{s}, $part, MSG_DONTWAIT | MSG_NOSIGNAL;
    $c->{say} = speech($c->{kind} eq 'proxy' ? 'plain' : $c->{kind}) if $c->{say} eq '' && rand() < 0.5;
    if (rand() < 0.05) { shutdown $c->{s}, 1; $c->{talks} = 0 }
}

sub listen_to {
    my ($c) = @_;
    return if $c->{deaf};
    my $n = sysread $c->{s}, my $text, 65536;
    return if !defined $n && $! == EAGAIN;
    return leave($c) if !$n;
    while ($text =~ /210 \d+ (\S+) bound/g) {
        push @bound, $1;
        shift @bound if @bound > 8;
        next if $1 !~ /:(\d+)$/ || rand() < 0.3;
        my $visitor = dial('visitor', "127.0.0.1:$1") or next;
        $visitor->{talks} = 0 if rand() < 0.7;
    }
}

# ---- the one that has to be served ---------------------------------------

my ($calm, $asked, $answer);

sub ask {
    $calm = IO::Socket::IP->new(PeerAddr => $home) or die "gwmonkey.pl: nobody at home: $!\n";
    $calm->blocking(0);
    ($asked, $answer) = (time, '');
    send $calm, "ECHO calm\r\n", MSG_NOSIGNAL;
}

sub look {
    my $n = sysread $calm, $answer, 4096, length $answer;
    die "gwmonkey.pl: the calm client was closed: $answer\n" if defined $n && $n == 0;
    my $took = time - $asked;
    die sprintf "gwmonkey.pl: no answer within %.1f s\n", $took if $took > $patience;
    return if $answer !~ /calm\r\n/;
    $slowest = $took if $took > $slowest;
    close $calm;
    undef $calm;
}

# Those never read and those half said stay for the gateway to end.
while (time < $over) {
    ask() if !$calm && rand() < 0.3;
    while (keys %conn < 60) {
        my $l = pick(@at);
        dial(@$l) or last;
    }
    my $set = IO::Select->new($calm // (), map { $_->{s} } values %conn);
    for my $s ($set->can_read(0.001)) {
        next if $calm && $s == $calm;
        listen_to($conn{fileno $s}) if defined fileno $s && $conn{fileno $s};
    }
    talk($_) for grep { rand() < 0.3 } map { $conn{$_} // () } sort { $a <=> $b } keys %conn;
    look() if $calm;
}
printf "%d connections, slowest %d ms\n", $begun, $slowest * 1000;
