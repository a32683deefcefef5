#!/usr/bin/perl
# A little HTTP proxy that knows CONNECT, for clients that go through one.
#
#	httpproxy.pl [auth=USER:PASSWORD] [answer=BYTES] [pieces] [close]
#
# It connects and carries bytes both ways, each direction to its own end.
#	auth=	407 to who does not show these credentials
#	answer=	these bytes instead of an own answer, with perl's escapes
#		(\r \n \0 \x{..}); it connects only if they begin "HTTP/1.1 2";
#		x{N} stands for N times the byte x
#	pieces	the answer goes out byte by byte, each in a segment of its own
#	close	closes when the request has come
# Lines on standard output: "listening on ADDRESS", each line of a request's
# head, "connected ADDRESS", "ended".
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use MIME::Base64;
use Socket qw(IPPROTO_TCP TCP_NODELAY SHUT_WR);
use Time::HiRes qw(usleep);

$| = 1;
$SIG{PIPE} = 'IGNORE';
$SIG{CHLD} = 'IGNORE';
my (%opt, $answer);
for (@ARGV) {
    /^(auth|answer|pieces|close)(?:=(.*))?$/s or
        die "httpproxy.pl: $_ is no option\n";
    $opt{$1} = $2 // 1;
}
if (defined($answer = $opt{answer})) {
    $answer =~ s/\\x\{([0-9a-f]+)\}/chr hex $1/gie;
    $answer =~ s/(.)\{(\d+)\}/$1 x $2/ge;
    $answer =~ s/\\n/\n/g;
    $answer =~ s/\\r/\r/g;
    $answer =~ s/\\0/\0/g;
}

sub say_to {
    my ($s, $bytes) = @_;
    return syswrite $s, $bytes unless $opt{pieces};
    for (split //, $bytes) {
        syswrite $s, $_;
        usleep 500;
    }
}

# The head of the request; what stands behind it is not read.
sub head {
    my ($s) = @_;
    my ($head, $c) = ('');
    while ($head !~ /\r\n\r\n\z/) {
        sysread $s, $c, 1 or return;
        $head .= $c;
    }
    print map { "$_\n" } split /\r\n/, $head;
    return $head;
}

sub carry {
    my ($a, $b) = @_;
    my %peer = ($a => $b, $b => $a);
    my $set = IO::Select->new($a, $b);
    while ($set->count) {
        for my $s ($set->can_read) {
            my $n = sysread $s, my $bytes, 65536;
            if ($n) {
                my $off = 0;
                while ($off < $n) {
                    my $w = syswrite $peer{$s}, $bytes, $n - $off, $off;
                    return unless $w;
                    $off += $w;
                }
                next;
            }
            return unless defined $n;
            $set->remove($s);
            shutdown $peer{$s}, SHUT_WR;
        }
    }
}

sub serve {
    my ($s) = @_;
    setsockopt $s, IPPROTO_TCP, TCP_NODELAY, 1;
    my $head = head($s) // return;
    return if $opt{close};
    if ($opt{auth}) {
        my $want = 'Proxy-Authorization: Basic ' .
            encode_base64($opt{auth}, '') . "\r\n";
        return say_to($s, "HTTP/1.1 407 Proxy Authentication Required\r\n" .
            "Proxy-Authenticate: Basic realm=\"here\"\r\n" .
            "Content-Length: 5\r\n\r\nwho?\n")
            if index($head, "\r\n$want") < 0;
    }
    if (defined $answer && $answer !~ m{^HTTP/1\.1 2}) {
        say_to($s, $answer);
        1 while sysread $s, my $rest, 4096;
        return;
    }
    my ($where) = $head =~ m{^CONNECT (\S+) HTTP/1\.1\r\n} or
        return say_to($s, "HTTP/1.1 405 Method Not Allowed\r\n\r\n");
    my $to = IO::Socket::INET->new(PeerAddr => $where) or
        return say_to($s, "HTTP/1.1 502 Bad Gateway\r\n\r\n");
    print "connected $where\n";
    say_to($s, $answer // "HTTP/1.1 200 Connection established\r\n" .
        "Via: here\r\n\r\n");
    carry($s, $to);
}

my $listener = IO::Socket::INET->new(
    Listen => 128, LocalAddr => '127.0.0.1', LocalPort => 0, ReuseAddr => 1)
    or die "httpproxy.pl: $!\n";
print "listening on 127.0.0.1:" . $listener->sockport . "\n";
for (;;) {
    my $s = $listener->accept or next;
    my $pid = fork // die "httpproxy.pl: $!\n";
    if ($pid == 0) {
        close $listener;
        serve($s);
        print "ended\n";
        exit 0;
    }
    close $s;
}
