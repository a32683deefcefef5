#!/usr/bin/perl
# What inetd does, and nothing else: listen on a free port of 127.0.0.1, and
# start a program for each connection, which is its descriptors 0, 1 and 2.
#
#	inetd.pl [-k] PROGRAM [ARG...]
#
# With -k descriptor 2 is kept.  Prints "listening on ADDRESS", and
# "ended STATUS" when a program has ended.
use strict;
use warnings;
use Errno qw(EINTR);
use IO::Socket::IP;
use POSIX qw(WNOHANG);

$| = 1;
my $keep = @ARGV && $ARGV[0] eq '-k' ? shift : '';
my $listener = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0,
    Listen => 64) or die "inetd.pl: $@\n";
print 'listening on 127.0.0.1:' . $listener->sockport . "\n";
$SIG{CHLD} = sub {
    while (waitpid(-1, WNOHANG) > 0) { print "ended $?\n" }
};
for (;;) {
    my $c = $listener->accept;
    if (!$c) { next if $! == EINTR; die "inetd.pl: $!\n" }
    my $pid = fork // die "inetd.pl: $!\n";
    if (!$pid) {
        open STDIN, '<&', $c or die;
        open STDOUT, '>&', $c or die;
        $keep or open STDERR, '>&', $c or die;
        exec @ARGV;
    }
    close $c;
}
