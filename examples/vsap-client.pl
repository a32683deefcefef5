#!/usr/bin/perl
# A VSAP client in perl: what vsap-connect and vsap-bind do, in plain lines.
# Standard input and output become the stream.
#
#	vsap-client.pl connect example.org:80	reach an address
#	vsap-client.pl bind :8080		serve one visitor there
#
# VSAP_SERVER names the gateway (127.0.0.1:8706).
use strict;
use warnings;
use IO::Select;
use IO::Socket::IP;

my ($verb, $address) = @ARGV;
@ARGV == 2 && $verb =~ /^(connect|bind)$/
    or die "usage: vsap-client.pl connect|bind address\n";
my $server = $ENV{VSAP_SERVER} // '127.0.0.1:8706';
my $gateway = IO::Socket::IP->new($server) or die "$server: $@\n";
$SIG{PIPE} = 'IGNORE';

sub ask {    # code, request: the reply must have that code
    my ($code, $request) = @_;
    my ($reply, $byte) = ('', '');
    syswrite $gateway, "$request\r\n";
    # byte by byte: what follows the last reply is the stream's
    $reply .= $byte while $byte ne "\n" && sysread $gateway, $byte, 1;
    print STDERR $reply;
    $reply =~ /^VSAP\/0\.1 $code / or die "$server: no $code\n";
}

if ($verb eq 'connect') {
    ask(240, "VSAP/0.1 CONNECT $address");
} else {
    ask(@$_) for [210, "BIND $address"], [220, 'LISTEN 1'], [230, 'ACCEPT'];
}
syswrite $gateway, "RELAY\r\n";    # not answered: the stream begins

my $ends = IO::Select->new(\*STDIN, $gateway);
while ($ends->exists($gateway)) {
    for my $end ($ends->can_read) {
        if (sysread $end, my $bytes, 65536) {
            syswrite $end == $gateway ? \*STDOUT : $gateway, $bytes or exit 111;
            next;
        }
        $ends->remove($end);
        shutdown $gateway, 1 if $end != $gateway;
    }
}
