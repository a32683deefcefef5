#!/usr/bin/perl
# Sessions that say anything at any moment.
#
#	monkey.pl SEED SESSIONS ADDR...
#
# SESSIONS conversations, twenty at a time, at the ADDRs in turn: requests of
# all sorts whole, in pieces or all at once, visitors to what gets bound,
# ends and resets at any time.  What is answered is not judged: whoever
# calls this looks whether the gateway lives, and what it holds.  The same
# SEED says the same things.
use strict;
use warnings;
use Errno qw(EAGAIN);
use IO::Select;
use IO::Socket::IP;
use IO::Socket::UNIX;
use Socket qw(MSG_DONTWAIT MSG_NOSIGNAL);
use Time::HiRes qw(time);

my ($seed, $sessions, @addr) = @ARGV;
srand $seed;
$SIG{PIPE} = 'IGNORE';
my (%conn, @bound);
my $begun = 0;
my $over = time + 60;

sub pick { $_[rand @_] }

sub address {
    return pick(@bound) if @bound && rand() < 0.3;
    return pick('127.0.0.1:0', ':0', '*:0', '[::1]:0', 'localhost:0', '127.0.0.1:1',
        'name:a', 'name:b', '/tmp/a', '/tmp/b', '/etc/x', 'foo', '', '127.0.0.1',
        ':99999', '[::', 'name:', '/', 'localhost:1', '127.0.0.1:0 -l=300',
        'name:a -l=1', 'name:c -t=1', 'x' x 300, "\x01\x02", '-', 'fd:0',
        'exec:sh', '#1', '169.254.169.254:80', @addr);
}

sub request {
    my $line = pick('ECHO x', 'ECHO', 'AUTH a:b', 'AUTH', 'LISTEN 1', 'LISTEN 99999',
        'LISTEN #1 3', 'LISTEN', 'ACCEPT', 'ACCEPT -t=1', 'ACCEPT #1', 'ACCEPT #2 #1',
        'ACCEPT -p=5', 'ACCEPT -p=x', 'ACCEPT #9', 'RELAY', 'RELAY -t=1', 'RELAY -f',
        'RELAY x', 'STAT', 'STAT -j', 'HELP', 'HELP BIND', 'BREAK', '', ' ', 'NOPE',
        'VSAP/0.1', 'VSAP/9 echo y', 'QUIT', 'GET / HTTP/1.1', 'Host: x', "a\0b",
        'ECHO ' . 'y' x 1100, map { ("BIND $_", "CONNECT $_", "FORWARD $_") }
        address(), address(), address());
    return $line . pick("\r\n", "\r\n", "\n");
}

sub dial {
    my ($addr) = @_;
    my $s = $addr =~ m{^/} ? IO::Socket::UNIX->new(Peer => $addr)
        : IO::Socket::IP->new(PeerAddr => $addr, Blocking => 0);
    $s or return;
    $s->blocking(0);
    $conn{fileno $s} = { s => $s, left => int rand 12, talks => 1 };
    return $conn{fileno $s};
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
    if (!$c->{talks}) { shutdown $c->{s}, 1 if rand() < 0.2; return }
    my $text = join '', map { request() } 0 .. rand 3;
    $text = substr $text, 0, rand length $text if rand() < 0.1;
    $text .= 'z' x rand 20000 if rand() < 0.03;
    send $c->{s}, $text, MSG_DONTWAIT | MSG_NOSIGNAL;
    if (rand() < 0.05) { shutdown $c->{s}, 1; $c->{talks} = 0 }
}

sub listen_to {
    my ($c) = @_;
    my $n = sysread $c->{s}, my $text, 65536;
    return if !defined $n && $! == EAGAIN;
    return leave($c) if !$n;
    while ($text =~ /210 \d+ (\S+) bound/g) {
        push @bound, $1;
        shift @bound if @bound > 8;
        next if $1 !~ /:(\d+)$/ || rand() < 0.3;
        my $visitor = dial("127.0.0.1:$1") or next;
        $visitor->{talks} = 0 if rand() < 0.7;
    }
}

while (time < $over && ($begun < $sessions || %conn)) {
    while ($begun < $sessions && keys %conn < 20) {
        dial($addr[$begun++ % @addr]) or die "monkey.pl: nobody at home: $!\n";
    }
    my $set = IO::Select->new(map { $_->{s} } values %conn);
    for my $s ($set->can_read(0.001)) {
        listen_to($conn{fileno $s}) if defined fileno $s && $conn{fileno $s};
    }
    talk($_) for grep { rand() < 0.3 } map { $conn{$_} } sort keys %conn;
}
