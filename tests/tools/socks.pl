#!/usr/bin/perl
# A SOCKS client of small steps, and the binary form of VSAP, for tests.
#
#   socks.pl HOST:PORT STEP...
#
#	hello=HEX	version 5 with these methods; prints "method N"
#	login=USER:PASS	RFC 1929; prints "login N"
#	connect=H:P bind=H:P	a request of version 5; prints "reply REP ADDR:PORT"
#	connect4=IP:P bind4=IP:P	of version 4 (4a for a name)
#	reply reply4	one more reply
#	vsap=CMD,ADDRESS,OPTIONS	CMD a number; ADDRESS "" none, ip:port,
#			name:port, or text:...; prints "vsap REP CODE SID LOCAL
#			REMOTE TEXT" unless CMD is 0x85
#	vreply		one more of these
#	hex=BYTES	send; send=TEXT too, with \r \n
#	recv=N		read N bytes, print them in hex
#	line		read a line, print it
#	rest		read to the end, print it
#	fin		shut our side
#	closed		print "closed" if the other side has nothing more to say
#	nap=SECONDS	do nothing
# Ends with status 1 at an unexpected end of file, 2 after 10 seconds.
use strict;
use warnings;
use IO::Socket::IP;
use Socket qw(inet_aton inet_ntoa inet_pton inet_ntop AF_INET6 SHUT_WR);

$| = 1;
$SIG{ALRM} = sub { print "timeout\n"; exit 2 };
my ($host, $port) = shift(@ARGV) =~ /^\[?(.*?)\]?:(\d+)$/ or die "HOST:PORT\n";
my $s = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port) or
    die "connect: $@\n";
$s->autoflush(1);

sub get {
    my $want = shift;
    my $got = '';
    alarm 10;
    while (length $got < $want) {
        my $n = sysread $s, $got, $want - length $got, length $got;
        if (!$n) { print "eof\n"; exit 1 }
    }
    alarm 0;
    return $got;
}

sub put { syswrite($s, $_[0]) // print "cannot send: $!\n" }

sub split_addr {
    my @parts = $_[0] =~ /^\[?(.*?)\]?:(\d+)$/;
    die "$_[0]: HOST:PORT\n" unless @parts;
    return @parts;
}

sub address {    # ATYP, ADDR, PORT
    my $text = shift;
    return pack 'Cn', 0, 0 if $text eq '';
    return pack 'C C/a n', 0x80, $1, 0 if $text =~ /^text:(.*)$/s;
    my ($h, $p) = split_addr($text);
    return pack 'Ca4n', 1, inet_aton($h), $p if $h =~ /^[\d.]+$/;
    return pack 'Ca16n', 4, inet_pton(AF_INET6, $h), $p if $h =~ /:/;
    return pack 'C C/a n', 3, $h, $p;
}

sub get_address {
    my $atyp = ord get(1);
    my $a =
        $atyp == 1 ? inet_ntoa(get(4))
      : $atyp == 4 ? '[' . inet_ntop(AF_INET6, get(16)) . ']'
      : $atyp == 0 ? '-'
      :              get(ord get(1));
    return $a . ':' . unpack 'n', get(2);
}

sub reply {
    my ($ver, $rep, $rsv) = unpack 'CCC', get(3);
    print "reply $rep ", get_address(), "\n";
}

sub reply4 {
    my ($vn, $cd, $p, $a) = unpack 'CCna4', get(8);
    print "reply $cd ", inet_ntoa($a), ":$p\n";
}

sub vreply {
    my ($ver, $rep, $tlen) = unpack 'CCC', get(3);
    my $local = get_address();
    my ($code, $sid) = unpack 'nN', get(6);
    my $remote = get_address();
    my $text = get($tlen);
    print "vsap $rep $code $sid $local $remote $text\n";
}

sub request4 {
    my ($cmd, $to) = @_;
    my ($h, $p) = split_addr($to);
    my $name = $h !~ /^[\d.]+$/;
    put(pack('CCn', 4, $cmd, $p) . ($name ? "\0\0\0\1" : inet_aton($h)) .
          "me\0" . ($name ? "$h\0" : ''));
    reply4();
}

my %steps = (
    hello => sub {
        my $m = pack 'H*', $_[0];
        put(pack 'CC/a', 5, $m);
        print 'method ', (unpack 'CC', get(2))[1], "\n";
    },
    login => sub {
        my ($u, $p) = split /:/, $_[0], 2;
        put(pack 'C C/a C/a', 1, $u, $p);
        print 'login ', (unpack 'CC', get(2))[1], "\n";
    },
    connect => sub { put("\5\1\0" . address($_[0])); reply() },
    bind => sub { put("\5\2\0" . address($_[0])); reply() },
    udp => sub { put("\5\3\0" . address($_[0])); reply() },
    connect4 => sub { request4(1, $_[0]) },
    bind4 => sub { request4(2, $_[0]) },
    reply => \&reply,
    reply4 => \&reply4,
    vsap => sub {
        my ($cmd, $to, $options) = split /,/, $_[0], 3;
        $options //= '';
        put(pack('CCC', 5, oct($cmd), length $options) . address($to // '') .
              $options);
        vreply() unless oct($cmd) == 0x85;
    },
    vreply => \&vreply,
    hex => sub { put(pack 'H*', $_[0]) },
    send => sub {
        my $t = $_[0];
        $t =~ s/\\r/\r/g;
        $t =~ s/\\n/\n/g;
        put($t);
    },
    recv => sub { print unpack('H*', get($_[0])), "\n" },
    line => sub {
        my $l = '';
        $l .= get(1) until $l =~ /\n$/;
        $l =~ s/\r?\n$//;
        print "$l\n";
    },
    rest => sub {
        alarm 10;
        my $b;
        print $b while sysread $s, $b, 65536;
        alarm 0;
    },
    fin => sub { shutdown $s, SHUT_WR },
    closed => sub {
        alarm 10;
        my $b;
        my $n = sysread $s, $b, 1;
        alarm 0;
        print $n ? "not closed\n" : "closed\n";
    },
    nap => sub { select undef, undef, undef, $_[0] },
);

for (@ARGV) {
    my ($step, $arg) = /^(\w+)(?:=(.*))?$/s or die "$_: no step\n";
    my $do = $steps{$step} or die "$step: no such step\n";
    $do->($arg);
}
