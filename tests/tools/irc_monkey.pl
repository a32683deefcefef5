#!/usr/bin/perl
# Clients that say anything at all, for a server that is to stand it.
#
#	irc_monkey.pl [-n LINES] [-s SEED] host:port [OPERNAME PASSWORD]
#
# Six clients, two of them operators where a name is given, say LINES (2000)
# lines between them: commands with parameters of all sorts, in pieces, with
# reconnections, garbage and pauses in reading.  What comes back must be
# lines of at most 512 bytes.  Prints the seed first, "said N, heard N" at
# the end.
use strict;
use warnings;
use Errno qw(EAGAIN);
use IO::Socket::IP;
use Getopt::Std;
use Socket qw(MSG_NOSIGNAL SOL_SOCKET SO_RCVBUF);

my %opt = (n => 2000, s => $$);
getopts('n:s:', \%opt) && @ARGV or die "usage: irc_monkey.pl [-n n] [-s n] host:port\n";
my ($where, $oper, $password) = @ARGV;
srand $opt{s};
$| = 1;
print "seed $opt{s}\n";

my @commands = qw(ADMIN AWAY CAP CONNECT ERROR HELP INFO INVITE ISON JOIN
    KICK KILL KLINE KNOCK LINKS LIST LUSERS MAP MODE MOTD NAMES NICK NOTICE
    PART PASS PING PONG PRIVMSG QUIT SERVICE SERVLIST SQUERY SQUIT STATS
    SUMMON TIME TOPIC TRACE UNKLINE USER USERHOST USERS VERSION WALLOPS
    WEBIRC WHO WHOIS WHOWAS);
# What makes and changes things is wanted more often.
push @commands, (qw(JOIN MODE PRIVMSG NICK PART KICK TOPIC INVITE)) x 6;
my @chans = ('#a', '#b', '#C', '&d', '+e', '#' . 'f' x 49, '#', '0');
my @nicks = map { "mo$_" } 0 .. 5;
my (@c, $said, $heard);

sub pick { return $_[rand @_] }

sub junk {
    my $n = int rand pick(1, 5, 30, 120, 600);
    return join '', map { chr pick(32 .. 126, 128 .. 255, 1, 2, 3, 7, 9, 13) } 1 .. $n;
}

sub modes {
    my @letters = split //, 'ovbeIklimnpstCiwsoBr+-+-xZ:';
    return join '', map { pick(@letters) } 1 .. 1 + rand pick(3, 10, 60);
}

sub masks { return pick('*', '*!*@*', '?' x 5, '*a' x 40, 'x!y@z', '*@127.0.0.1/-1', junk()) }

sub param {
    my $r = rand;
    return pick(@chans) if $r < 0.3;
    return pick(@nicks) if $r < 0.5;
    return modes() if $r < 0.6;
    return masks() if $r < 0.7;
    return join ',', map { pick(@chans, @nicks) } 0 .. rand 12 if $r < 0.8;
    return pick(0, -1, 1, 4294967296, '%s%n', '', ':', '@', '$*', 'irc.test.example') if $r < 0.9;
    return junk();
}

sub line {
    my $r = rand;
    return junk() if $r < 0.03;
    my $command = pick(@commands);
    my @p = map { param() } 1 .. rand pick(2, 4, 18);
    if ($command eq 'MODE' && rand() < 0.8) {
        @p = (pick(@chans[0 .. 3]), modes(), map { pick(@nicks, masks(), 3) } 0 .. rand 8);
    } elsif ($command eq 'QUIT' || $command eq 'KILL') {
        return 'PING x' if rand() < 0.8;
    }
    s/[\n ]//g for @p;
    my $tail = rand() < 0.4 ? ' :' . junk() : '';
    my $head = rand() < 0.05 ? '@a=b;c ' : rand() < 0.05 ? ':mo1!x@y ' : '';
    return join(' ', "$head$command", @p) . $tail;
}

sub begin {
    my ($i) = @_;
    my $s = IO::Socket::IP->new(PeerAddr => $where) or die "$where: $@\n";
    setsockopt $s, SOL_SOCKET, SO_RCVBUF, 8192 if $i == 5;
    $s->blocking(0);
    $c[$i] = { s => $s, in => '', out => "NICK $nicks[$i]\r\nUSER m$i 0 * :r\r\n" };
    $c[$i]{out} .= "OPER $oper $password\r\n" if $oper && $i < 2;
    $c[$i]{out} .= "JOIN #a,#b\r\n";
}

sub hear {
    my ($i) = @_;
    while (1) {
        my $n = sysread $c[$i]{s}, $c[$i]{in}, 65536, length $c[$i]{in};
        last if !defined $n && $! == EAGAIN;
        return begin($i) if !$n;
        while ($c[$i]{in} =~ s/^([^\n]*\n)//) {
            my $line = $1;
            $heard++;
            length $line <= 512 && $line =~ /^[^\0\r\n]+\r\n$/
                or die "a line that is none: $line";
        }
    }
}

sub speak {
    my ($i) = @_;
    my $n = length $c[$i]{out};
    $n = int rand $n if rand() < 0.2;
    $n = send $c[$i]{s}, substr($c[$i]{out}, 0, $n), MSG_NOSIGNAL;
    substr($c[$i]{out}, 0, $n) = '' if defined $n;
}

begin($_) for 0 .. 5;
for ($said = 0; $said < $opt{n}; $said++) {
    my $i = int rand 6;
    $c[$i]{out} .= line() . pick("\r\n", "\r\n", "\n") if length $c[$i]{out} < 20000;
    speak($i) if rand() < 0.7;
    hear($i) unless $i == 5 && rand() < 0.95;
    begin($i) if rand() < 0.005;
}
print "said $said, heard $heard\n";
