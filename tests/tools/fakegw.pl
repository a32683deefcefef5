#!/usr/bin/perl
# A gateway that answers what it is told to, for clients that must bear it.
#
#	fakegw.pl RULE...
#
# RULE is VERB=ANSWER: to a line that begins with VERB the line "VSAP/0.1
# ANSWER" is answered, with perl's escapes (\n, \0, \x{..}) in it.  VERB:N=
# holds for the first N such lines only; behind it the next rule of that verb
# holds, or they are not answered.
# VERB!=BYTES answers the bare bytes, without prefix and line end.  The
# answer CLOSE closes.  Lines on standard output: "listening on ADDRESS",
# and "N LINE" for each LINE of connection N.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

$| = 1;
my (%rule, %conn, $count);
for (@ARGV) {
    /^([A-Z]+)(?::(\d+))?(!?)=(.*)$/s or die "fakegw.pl: bad rule: $_\n";
    my ($verb, $n, $bare, $text) = ($1, $2, $3, $4);
    $text =~ s/\\x\{([0-9a-f]+)\}/chr hex $1/gie;
    $text =~ s/\\n/\n/g;
    $text =~ s/\\r/\r/g;
    $text =~ s/\\0/\0/g;
    $text = "VSAP/0.1 $text\r\n" unless $bare || $text eq 'CLOSE';
    push @{ $rule{$verb} }, { text => $text, left => $n };
}

my $listener = IO::Socket::INET->new(
    Listen => 128, LocalAddr => '127.0.0.1', LocalPort => 0, ReuseAddr => 1)
    or die "fakegw.pl: $!\n";
my $set = IO::Select->new($listener);
print "listening on 127.0.0.1:" . $listener->sockport . "\n";

sub leave {
    my ($s) = @_;
    $set->remove($s);
    delete $conn{$s};
    close $s;
}

sub answer {
    my ($s, $line) = @_;
    my ($verb) = $line =~ /^([A-Z]+)/ or return;
    my ($r) = grep { ($_->{left} // 1) > 0 } @{ $rule{$verb} // [] };
    return unless $r;
    $r->{left}-- if defined $r->{left};
    return leave($s) if $r->{text} eq 'CLOSE';
    syswrite $s, $r->{text};
}

for (;;) {
    for my $s ($set->can_read) {
        if ($s == $listener) {
            my $new = $s->accept or next;
            $set->add($new);
            $conn{$new} = { id => ++$count, in => '' };
            next;
        }
        my $c = $conn{$s};
        my $n = sysread $s, $c->{in}, 65536, length $c->{in};
        if (!$n) { print "$c->{id} (end)\n"; leave($s); next }
        while ($conn{$s} && $c->{in} =~ s/^([^\n]*?)\r?\n//) {
            print "$c->{id} $1\n";
            answer($s, $1);
        }
    }
}
