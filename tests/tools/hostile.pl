#!/usr/bin/perl
# A table of what strangers may say at a gateway's port, all at once.
#
#	hostile.pl [-v] [-o PATTERN] NAME=PORT...
#
# The ports (127.0.0.1) by the names that the table calls them: plain, proxy,
# tls, proxytls, metrics.  Each case is some bytes, how they are sent (in one
# piece, byte by byte, cut in two), and what comes then: the end of input, or
# silence.  Judged are all bytes that came back, whole, and whether the
# gateway closed.  Meanwhile a session and a stream are served, a word every
# 20 ms, and have to be to the end.  Prints the cases that went wrong, and
#
#	cases N, wrong M
#	bystander NAME: words N, slowest T ms
#
# -v prints all cases, -o those alone whose name matches.
use strict;
use warnings;
use Errno qw(EAGAIN EINTR);
use FindBin;
use Getopt::Std;
use IO::Socket::INET;
use IO::Socket::IP;
use Socket qw(SHUT_WR IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

my %opt;
getopts('vo:', \%opt) or die "usage: hostile.pl [-v] [-o PATTERN] NAME=PORT...\n";
my %port = map { /^(\w+)=(\d+)$/ or die "$_: NAME=PORT\n"; ($1 => $2) } @ARGV;
$SIG{PIPE} = 'IGNORE';
$| = 1;

my $ATONCE = 400;       # connections
my $DRIPS = 50;         # those by bytes, which are to be quick enough
my $DRIP = 0.002;       # seconds between two bytes
my $PATIENCE = 15;      # seconds for one case
my $STAYS = 1;          # seconds that one who is to stay is watched

# ---- the other side of streams: says what it hears ----------------------------

sub listener {
    my $l = IO::Socket::IP->new(Listen => 1000, LocalHost => $_[0], LocalPort => 0);
    $l->blocking(0) if $l;
    return $l;
}
my @target = (listener('127.0.0.1'), listener('::1'));
our $T = $target[0]->sockport;
our $T6 = $target[1] && $target[1]->sockport;
my %echo;    # fd => [socket, bytes to send, has ended]

require "$FindBin::Bin/hostile/$_.pl" for qw(proxy socks http vsap);
our ($ip);

# ---- cases -----------------------------------------------------------------

my @cases;

# how: whole, drip, or the number of bytes that come first; then: eof, wait.
# want: a pattern for all that comes back; stays: it is not to be closed.
sub case {
    my ($name, $where, $bytes, $want, %o) = @_;

    return unless $port{$where};
    push @cases, { how => 'whole', then => 'eof', %o, name => $name, where => $where,
        bytes => $bytes, want => qr/\A(?:$want)\z/s };
}

# A good message: taken in one piece, by bytes, behind PROXY headers; cut at
# every byte it ends, or is ended, with a part of what it is answered.
# $part: a pattern for that, or a function of how many bytes came, and whether
# silence comes then, that says too whether the connection stays.
sub good {
    my ($name, $bytes, $want, $part) = @_;

    for my $p ('', proxy1(), proxy2(), proxy_local(), proxy_unknown()) {
        my $where = $p eq '' ? 'plain' : 'proxy';
        my $as = "$name" . ($p eq '' ? '' : ' behind ' . shown(substr $p, 0, 16));
        case($as, $where, $p . $bytes, $want);
        case("$as, by bytes", $where, $p . $bytes, $want, how => 'drip');
    }
    cut($name, 'plain', '', $bytes, $part);
}

sub cut {
    my ($name, $where, $before, $bytes, $part) = @_;

    for my $n (0 .. length($bytes) - 1) {
        for my $silent (0, 1) {
            my ($want, $stays) = ref $part ? $part->($n, $silent) : $part;
            case("$name, $n bytes and " . ($silent ? "silence" : "the end"), $where,
                $before . substr($bytes, 0, $n), $want,
                then => $silent ? "wait" : "eof", stays => $silent && $stays);
        }
    }
}

sub shown {
    my $s = join '', map {
        $_ eq "\n" ? '\n' : $_ eq "\r" ? '\r' : $_ eq '\\' ? '\\\\' :
        / [ -~] /x ? $_ : sprintf '\\x%02x', ord } split //, shift;
    return length $s > 300 ? substr($s, 0, 300) . '...' : $s;
}

# ---- the loop -------------------------------------------------------------------------

my (%open, @wrong, $done);
my ($r, $w) = ('', '');

sub dial {
    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $_[0], Proto => 'tcp') or return;
    $s->blocking(0);
    setsockopt $s, IPPROTO_TCP, TCP_NODELAY, 1;
    return $s;
}

sub begin {
    my $c = shift;
    my $s = dial($port{ $c->{where} });

    if (!$s) {
        judge($c, "cannot connect: $!");
        return;
    }
    my @b = ($c->{bytes});
    @b = split //, $c->{bytes} if $c->{how} eq 'drip';
    @b = unpack "a$c->{how} a*", $c->{bytes} if $c->{how} =~ /^\d/;
    @$c{qw(s out next got until)} = ($s, \@b, 0, '', time + $PATIENCE);
    $open{ fileno $s } = $c;
}

sub judge {
    my ($c, $end) = @_;
    my $stays = $c->{stays} ? 1 : 0;
    my $is = $end eq 'open' ? 1 : 0;
    my $right = $c->{got} =~ $c->{want} && $is == $stays && $end !~ /cannot/;

    push @wrong, $c unless $right;
    $done++;
    print(($right ? '' : 'WRONG ') . "$c->{name} ($c->{where}, $c->{how}, $c->{then}): $end\n" .
        '    sent: ' . shown($c->{bytes}) . "\n    came: " . shown($c->{got}) . "\n" .
        ($right ? '' : '    want: ' . shown("$c->{want}") . "\n")) if $opt{v} || !$right;
    if ($c->{s}) {
        delete $open{ fileno $c->{s} };
        close $c->{s};
        delete $c->{s};
    }
}

# Send what is due.
sub feed {
    my ($c, $now) = @_;

    while (@{ $c->{out} } && $c->{next} <= $now) {
        my $n = syswrite $c->{s}, $c->{out}[0];
        if (!defined $n) {
            # It has closed: what it said before can be read.
            $c->{out} = [] unless $! == EAGAIN || $! == EINTR;
            return;
        }
        substr($c->{out}[0], 0, $n) = '';
        return if length $c->{out}[0];
        shift @{ $c->{out} };
        $c->{next} = $now + ($c->{how} eq 'drip' ? $DRIP : 10 * $DRIP);
    }
    return if @{ $c->{out} } || $c->{fin};
    $c->{fin} = 1;
    shutdown $c->{s}, SHUT_WR if $c->{then} eq 'eof';
    $c->{until} = $now + $STAYS if $c->{stays};
}

sub hear {
    my $c = shift;
    my $n = sysread $c->{s}, $c->{got}, 65536, length $c->{got};

    return if !defined $n && ($! == EAGAIN || $! == EINTR);
    judge($c, defined $n ? 'closed' : "reset") unless $n;
}

sub visitors {
    for my $l (grep { $_ } @target) {
        while (my $s = $l->accept) {
            $s->blocking(0);
            $echo{ fileno $s } = [$s, '', 0];
        }
    }
}

sub echo {
    my $e = shift;
    my $n = sysread $e->[0], $e->[1], 65536, length $e->[1];
    my $gone = !defined $n && $! != EAGAIN && $! != EINTR;

    $e->[2] = 1 if defined $n && $n == 0;
    if (!$gone && length $e->[1]) {
        $n = syswrite $e->[0], $e->[1];
        $gone = 1 if !defined $n && $! != EAGAIN;
        substr($e->[1], 0, $n // 0) = '';
    }
    return unless $gone || $e->[2] && !length $e->[1];
    delete $echo{ fileno $e->[0] };
    close $e->[0];
}

# ---- those who are served all the time ------------------------------------------------

my @bystanders = (
    { name => 'session', begin => "BIND name:bystander$$\r\n", hears => qr/^VSAP\S+ 210 [^\n]*\n/,
        word => "ECHO %d\r\n", back => qr/^VSAP\S+ 200 \[[^\]]*\] (\d+)\r\n/ },
    { name => 'stream', begin => "\5\1\0" . five(1, 1, $ip, $T), hears => qr{^\x05\x00\x05\x00.{8}}s,
        word => "%d\n", back => qr/^(\d+)\n/ });

sub bystander_starts {
    my $b = shift;

    @$b{qw(s got n slowest next)} = (dial($port{plain}), '', 0, 0, 0);
    die "bystander: cannot connect\n" unless $b->{s};
    syswrite $b->{s}, $b->{begin};
}

sub bystander {
    my ($b, $now) = @_;
    my $n = sysread $b->{s}, $b->{got}, 65536, length $b->{got};

    if (defined $n ? $n == 0 : $! != EAGAIN) {
        print "bystander $b->{name}: lost after $b->{n} words: ", shown($b->{got}), "\n";
        exit 1;
    }
    $b->{up} = 1 if !$b->{up} && $b->{got} =~ s/$b->{hears}//;
    if ($b->{asked} && $b->{got} =~ s/$b->{back}//) {
        die "bystander $b->{name}: heard $1 for $b->{n}\n" if $1 != $b->{n};
        my $took = $now - $b->{asked};
        $b->{slowest} = $took if $took > $b->{slowest};
        @$b{qw(asked next)} = (0, $now + 0.02);
    }
    return if !$b->{up} || $b->{asked} || $b->{next} > $now;
    syswrite $b->{s}, sprintf $b->{word}, ++$b->{n};
    $b->{asked} = $now;
}

# ---- all of it -----------------------------------------------------------------------

sub turn {
    my $now = time;
    my ($rin, $win, $wait) = ('', '', 0.05);

    vec($rin, fileno $_, 1) = 1 for grep { $_ } @target, map { $_->{s} } values %open, @bystanders;
    vec($rin, $_, 1) = 1 for keys %echo;
    for my $c (values %open) {
        next unless @{ $c->{out} };
        if ($c->{next} > $now) { $wait = $DRIP / 2 }
        else { vec($win, fileno $c->{s}, 1) = 1 }
    }
    select $rin, $win, undef, $wait;
    $now = time;
    visitors();
    for my $fd (keys %echo) { echo($echo{$fd}) if vec $rin, $fd, 1 or length $echo{$fd}[1] }
    bystander($_, time) for @bystanders;
    for my $c (values %open) {
        feed($c, $now) if vec($win, fileno $c->{s}, 1) || !$c->{fin};
        hear($c) if vec $rin, fileno $c->{s}, 1;
        judge($c, 'open') if $c->{s} && $now > $c->{until};
    }
}

socks_cases();
binary_cases();
http_cases();
proxy_cases();
tls_cases();
vsap_cases();
scram_cases();
odd_cases();
@cases = grep { $_->{name} =~ /$opt{o}/ } @cases if defined $opt{o};
# Those who wait take their time while others are at it.
my @drips = grep { $_->{how} eq 'drip' } @cases;
my @once = grep { $_->{how} ne 'drip' } @cases;
my @todo = ((grep { $_->{then} eq 'wait' } @once), grep { $_->{then} ne 'wait' } @once);
bystander_starts($_) for @bystanders;
turn() until 2 == grep { $_->{up} } @bystanders;
my $began = time;
while (@todo || @drips || %open) {
    begin(shift @todo) while @todo && keys %open < $ATONCE;
    begin(shift @drips) while !@todo && @drips && keys %open < $DRIPS;
    turn();
}
printf "cases %d, wrong %d, %.1f s\n", $done, scalar @wrong, time - $began;
printf "bystander %s: words %d, slowest %d ms\n", $_->{name}, $_->{n}, 1000 * $_->{slowest} for @bystanders;
exit(@wrong ? 1 : 0);
