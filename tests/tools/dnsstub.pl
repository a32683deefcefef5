#!/usr/bin/perl
# A name server for tests, on a free loopback port, UDP and TCP.
#
#	dnsstub.pl [-l ADDRESS[:PORT]] [-t SECONDS] [ZONEFILE | 'LINE']...
#
# A zone's lines are "OWNER TYPE VALUE"; an argument with a blank in it is
# such a line.  OWNER is a name, an address (its name in in-addr.arpa or
# ip6.arpa is meant), or * for everything that has no line.  TYPE is A, AAAA,
# PTR or CNAME, several lines giving several records, or what is done with a
# question for OWNER:
#
#	STALL     no answer
#	GARBAGE   bytes that are no message, with the right number
#	SHORT     an answer that ends in its middle
#	LOOP      an answer whose name points to itself
#	SERVFAIL, REFUSED
#	TRUNC     "truncated" by UDP; the records come by TCP
#
# In names \xHH is a byte, and "\." a dot within a label; labels longer than
# 63 bytes are cut into several.  Lines on standard output: "listening on
# ADDRESS", and "query NAME TYPE udp" (or tcp) for each question.  It ends
# when its parent has gone, or after SECONDS (120).
use strict;
use warnings;
use IO::Select;
use IO::Socket::IP;
use Socket qw(inet_pton AF_INET AF_INET6 SOCK_DGRAM SOCK_STREAM);

$| = 1;
my %number = (A => 1, CNAME => 5, PTR => 12, AAAA => 28);
my %word = reverse %number;
my ($where, $seconds) = ('127.0.0.1', 120);
my (%zone, %conn);
my $parent = getppid;

sub reverse_name {
    my ($ip) = @_;
    my $raw = inet_pton(AF_INET, $ip);
    return join('.', reverse split /\./, $ip) . '.in-addr.arpa' if $raw;
    $raw = inet_pton(AF_INET6, $ip) or return lc $ip;
    return join('.', reverse split //, unpack 'H*', $raw) . '.ip6.arpa';
}

sub wire_name {
    my ($text) = @_;
    my $out = '';
    $text =~ s/\\\./\\x2e/g;
    for my $label (split /\./, $text) {
        $label =~ s/\\x([0-9a-f]{2})/chr hex $1/gie;
        $out .= pack 'C/a', $_ for $label =~ /(.{1,63})/gs;
    }
    return "$out\0";
}

sub zone_line {
    my ($line) = @_;
    my ($owner, $type, $value) = split ' ', $line, 3;
    $owner = reverse_name($owner) unless $owner eq '*';
    push @{ $zone{$owner}{$type} }, $value // '';
}

sub zone_file {
    my ($path) = @_;
    open my $fh, '<', $path or die "dnsstub.pl: $path: $!\n";
    while (my $line = <$fh>) {
        chomp $line;
        zone_line($line) if $line =~ /^[^#\s]/;
    }
    close $fh;
}

sub rdata {
    my ($type, $value) = @_;
    return inet_pton(AF_INET, $value) if $type eq 'A';
    return inet_pton(AF_INET6, $value) if $type eq 'AAAA';
    return wire_name($value);
}

# The records of an answer: those of the type, or the way there by CNAME.
sub records {
    my ($name, $type) = @_;
    my @out;
    for (1 .. 8) {
        my $at = $zone{$name} or last;
        my $is = $at->{$type} ? $type : $at->{CNAME} ? 'CNAME' : last;
        push @out, [$name, $is, $_] for @{ $at->{$is} };
        last if $is eq $type;
        $name = reverse_name($at->{CNAME}[0]);
    }
    return @out;
}

sub reply {
    my ($query, $proto) = @_;
    return if length $query < 17;
    my ($id, $flags) = unpack 'nn', $query;
    my ($pos, @labels) = (12);
    while (my $len = unpack 'C', substr $query, $pos, 1) {
        push @labels, lc substr $query, $pos + 1, $len;
        $pos += $len + 1;
        return if $pos + 5 > length $query;
    }
    my $question = substr $query, 12, $pos + 5 - 12;
    my $number = unpack 'n', substr $query, $pos + 1, 2;
    my $type = $word{$number} // $number;
    my $name = join '.', @labels;
    print "query $name $type $proto\n";

    my $at = $zone{$name} // $zone{'*'};
    my $code = !$at ? 3 : $at->{SERVFAIL} ? 2 : $at->{REFUSED} ? 5 : 0;
    return if $at && $at->{STALL};
    return pack('n', $id) . "\xff" x 40 if $at && $at->{GARBAGE};
    my $head = sub {
        my ($n, $bits) = @_;
        return pack('n6', $id, 0x8180 | $bits | $code, 1, $n, 0, 0)
            . $question;
    };
    return $head->(1, 0) . "\xc0\x0c\0\x0c\0\1\0\0\0\x3c\0\2"
        . pack('n', 0xc000 | (12 + length($question) + 12))
        if $at && $at->{LOOP};
    return $head->(0, 0x0200) if $at && $at->{TRUNC} && $proto eq 'udp';
    my @rr = $code ? () : records($name, $type);
    my $out = $head->(scalar @rr, 0);
    $out .= wire_name($_->[0]) . pack 'n n N n/a', $number{ $_->[1] }, 1, 60,
        rdata($_->[1], $_->[2]) for @rr;
    return $at && $at->{SHORT} ? substr $out, 0, length($out) - 5 : $out;
}

sub serve_udp {
    my ($s) = @_;
    my $from = recv $s, my $query, 4096, 0;
    return unless defined $from;
    my $answer = reply($query, 'udp');
    send $s, $answer, 0, $from if defined $answer;
}

# One question at a time; what is left of the next one waits.
sub serve_tcp {
    my ($s, $set) = @_;
    my $n = sysread $s, $conn{$s}, 4096, length $conn{$s};
    while ($n && length $conn{$s} >= 2) {
        my $len = unpack 'n', $conn{$s};
        return if length $conn{$s} < 2 + $len;
        my $answer = reply(substr($conn{$s}, 2, $len), 'tcp');
        substr $conn{$s}, 0, 2 + $len, '';
        syswrite $s, pack 'n/a', $answer if defined $answer;
    }
    return if $n;
    $set->remove($s);
    delete $conn{$s};
    close $s;
}

while (@ARGV) {
    my $arg = shift;
    if ($arg eq '-l') { $where = shift }
    elsif ($arg eq '-t') { $seconds = shift }
    elsif ($arg =~ /\s/) { zone_line($arg) }
    else { zone_file($arg) }
}
my ($host, $port) = $where =~ /^([^:]+)(?::(\d+))?$/
    or die "dnsstub.pl: $where: an IPv4 address with a port perhaps\n";

# Both sockets need the same port: a free one of TCP may be taken by UDP.
my ($tcp, $udp);
for (1 .. 20) {
    $tcp = IO::Socket::IP->new(LocalHost => $host, LocalPort => $port // 0,
        Type => SOCK_STREAM, Listen => 16, ReuseAddr => 1)
        or die "dnsstub.pl: $where: $@\n";
    $udp = IO::Socket::IP->new(LocalHost => $host,
        LocalPort => $tcp->sockport, Type => SOCK_DGRAM);
    last if $udp;
}
die "dnsstub.pl: no port: $@\n" unless $udp;
print "listening on $host:" . $tcp->sockport . "\n";

my $set = IO::Select->new($tcp, $udp);
my $end = time + $seconds;
while (time < $end && getppid == $parent) {
    for my $s ($set->can_read(0.5)) {
        if ($s == $udp) { serve_udp($s) }
        elsif ($s != $tcp) { serve_tcp($s, $set) }
        elsif (my $new = $tcp->accept) {
            $set->add($new);
            $conn{$new} = '';
        }
    }
}
