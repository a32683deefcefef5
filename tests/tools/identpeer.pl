#!/usr/bin/perl
# A server of RFC 1413 for tests.
#
#	identpeer.pl [-l ADDRESS:PORT] [-t SECONDS] MODE [ARGUMENT]
#
# What is done with a query is the MODE:
#
#	user NAME    "PORTS : USERID : UNIX : NAME"
#	reply TEXT   TEXT, in which %p stands for the ports as they were asked
#	drip NAME    as user, in many pieces
#	error WORD   "PORTS : ERROR : WORD"
#	stall        nothing; the connection stays
#	flood        64 KiB without an end of line
#	close        the end
#
# TEXT and NAME have perl's \r, \n and \xHH.  It listens on 127.0.0.1 and a
# free port unless told otherwise.  Lines on standard output: "listening on
# ADDRESS", and "asked ADDRESS QUERY" for each query, where ADDRESS is that
# from which it came.  It ends when its parent has gone, or after SECONDS
# (120).
use strict;
use warnings;
use IO::Select;
use IO::Socket::IP;
use Socket qw(SOCK_STREAM IPPROTO_TCP TCP_NODELAY);

$| = 1;
$SIG{PIPE} = 'IGNORE';
my ($where, $seconds) = ('127.0.0.1:0', 120);
my $parent = getppid;
my (%in, %drip);

while (@ARGV && $ARGV[0] =~ /^-([lt])$/) {
    shift;
    $1 eq 'l' ? $where = shift : ($seconds = shift);
}
my ($mode, $text) = @ARGV;
die "identpeer.pl: no mode\n" unless defined $mode;
$text //= '';
$text =~ s/\\r/\r/g;
$text =~ s/\\n/\n/g;
$text =~ s/\\x([0-9a-f]{2})/chr hex $1/gie;

my ($host, $port) = $where =~ /^\[?(.+?)\]?:(\d+)$/
    or die "identpeer.pl: $where: an address and a port\n";
my $listener = IO::Socket::IP->new(LocalHost => $host, LocalPort => $port,
    Type => SOCK_STREAM, Listen => 128, ReuseAddr => 1, V6Only => 1)
    or die "identpeer.pl: $where: $@\n";
my $set = IO::Select->new($listener);
print "listening on "
    . ($host =~ /:/ ? "[$host]" : $host) . ':' . $listener->sockport . "\n";

sub leave {
    my ($s) = @_;
    $set->remove($s);
    delete $in{$s};
    delete $drip{$s};
    close $s;
}

sub answer {
    my ($s, $query) = @_;
    my $out = $mode eq 'reply' ? $text
        : $mode eq 'error' ? "%p : ERROR : $text\r\n"
        : "%p : USERID : UNIX : $text\r\n";
    my ($theirs, $ours) = $query =~ /(\d+)\s*,\s*(\d+)/;

    print 'asked ' . $s->peerhost . " $query\n";
    $out =~ s/%p/$theirs, $ours/ if defined $ours;
    return if $mode eq 'stall';
    return leave($s) if $mode eq 'close';
    if ($mode eq 'drip') {
        $s->setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
        $drip{$s} = [$s, $out];
        return;
    }
    syswrite $s, $mode eq 'flood' ? 'x' x 65536 : $out;
}

sub take {
    my ($s) = @_;
    my $n = sysread $s, $in{$s}, 1024, length $in{$s};
    return leave($s) unless $n;
    answer($s, $1) if $in{$s} =~ s/^(.*?)\r?\n//;
}

my $end = time + $seconds;
while (time < $end && getppid == $parent) {
    for my $s ($set->can_read(%drip ? 0.01 : 0.5)) {
        if ($s != $listener) { take($s) }
        elsif (my $new = $listener->accept) {
            $set->add($new);
            $in{$new} = '';
        }
    }
    for my $d (values %drip) {
        syswrite $d->[0], substr $d->[1], 0, 1, '';
        delete $drip{ $d->[0] } if $d->[1] eq '';
    }
}
