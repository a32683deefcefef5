# HTTP CONNECT, and the page of figures (hostile.pl).
package main;
use strict;
use warnings;
use MIME::Base64;
our ($T, $T6, $hi);

# ---- HTTP ------------------------------------------------------------------------

our $established = "HTTP/1\\.1 200 [^\r\n]*\r\n\r\n";
sub http { my $status = shift; return "HTTP/1\\.1 (?:$status) [^\r\n]+\r\n(?:[A-Za-z-]+: [^\r\n]*\r\n)+\r\n[^\r\n]*\n" }
sub basic { 'Proxy-Authorization: Basic ' . encode_base64($_[0], '') . "\r\n" }

sub http_cases {
    my $to = "127.0.0.1:$T";
    my $head = "CONNECT $to HTTP/1.1\r\nHost: $to\r\nUser-Agent: x\r\n\r\n";
    my $line = length "CONNECT $to HTTP/1.1\r\n";

    # A beginning of its first line is a request of VSAP, which may do
    # without a line end, and is refused: there is no CONNECT a b.
    good('HTTP', $head . 'word', "${established}word", sub {
        my ($n, $silent) = @_;
        my $over = $n - length $head;
        return ($established . part('word', $over), 1) if $over >= 0;
        return $n < $line && !$silent ? "(?:VSAP/0\\.1 [45]\\d\\d [^\r\n]*\r\n|VSAP/0.1 240 [^\r\n]*\r\n)?" : '' });
    case('HTTP with a second head behind it', 'plain', $head . $head, $established . quotemeta $head);
    case('HTTP, refused, with a second head behind it', 'plain',
        "CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n$head", http(502));
    case('HTTP, no such host, with a second head behind it', 'plain',
        "CONNECT no-such.invalid:1 HTTP/1.1\r\n\r\n$head", http('50[24]'));
    my %t = (
        'LF alone' => ["CONNECT $to HTTP/1.1\nHost: x\n\nword", "${established}word"],
        'HTTP/1.0' => ["CONNECT $to HTTP/1.0\r\n\r\n", $established],
        'a body of nothing' => ["CONNECT $to HTTP/1.1\r\nContent-Length: 0\r\n\r\nword", "${established}word"],
        'bytes above 0x7f in a field' => ["CONNECT $to HTTP/1.1\r\nX: \xe4\xff\r\n\r\n", $established],
        'an unknown field' => ["CONNECT $to HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", $established],
        'the right password' => ["CONNECT $to HTTP/1.1\r\n" . basic('ops:geheim') . "\r\n", $established],
        'the same password twice' => ["CONNECT $to HTTP/1.1\r\n" . basic('ops:geheim') x 2 . "\r\n", $established],
        'port 65535' => ["CONNECT 127.0.0.1:65535 HTTP/1.1\r\n\r\n", http(502)],
        'CR alone in the head' => ["CONNECT $to HTTP/1.1\r\nA: b\rHost: x\r\n\r\n", http(400)],
        'CR alone behind the version' => ["CONNECT $to HTTP/1.1\rX\r\n\r\n", http(400)],
        'a NUL in the target' => ["CONNECT 127.0.0.1\0:$T HTTP/1.1\r\n\r\n", http(400)],
        'a NUL in a field' => ["CONNECT $to HTTP/1.1\r\nA: b\0c\r\n\r\n", http(400)],
        'bytes above 0x7f in the target' => ["CONNECT \xe4:$T HTTP/1.1\r\n\r\n", http(400)],
        'bytes above 0x7f in the method' => ["CONN\xcbCT $to HTTP/1.1\r\n\r\n", http(400)],
        'a folded line' => ["CONNECT $to HTTP/1.1\r\nA: b\r\n c\r\n\r\n", http(400)],
        'a folded first line' => ["CONNECT $to HTTP/1.1\r\n c\r\n\r\n", http(400)],
        'a blank before the colon' => ["CONNECT $to HTTP/1.1\r\nContent-Length : 5\r\n\r\n", http(400)],
        'a field without a name' => ["CONNECT $to HTTP/1.1\r\n: x\r\n\r\n", http(400)],
        'a field without a colon' => ["CONNECT $to HTTP/1.1\r\nx\r\n\r\n", http(400)],
        'two hosts' => ["CONNECT $to HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", http(400)],
        'two passwords' => ["CONNECT $to HTTP/1.1\r\n" . basic('ops:geheim') . basic('a:b') . "\r\n", http(400)],
        'a body' => ["CONNECT $to HTTP/1.1\r\nContent-Length: 5\r\n\r\nword5", http(400)],
        'a body in chunks' => ["CONNECT $to HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", http(400)],
        'two lengths' => ["CONNECT $to HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nword5", http(400)],
        'a length in one of two words' => ["CONNECT $to HTTP/1.1\r\nContent-Length: 0, 0\r\n\r\n", http(400)],
        'a negative length' => ["CONNECT $to HTTP/1.1\r\nContent-Length: -1\r\n\r\n", http(400)],
        'a length of nothing' => ["CONNECT $to HTTP/1.1\r\nContent-Length:\r\n\r\n", http(400)],
        'a huge length' => ["CONNECT $to HTTP/1.1\r\nContent-Length: " . '9' x 40 . "\r\n\r\n", http(400)],
        'HTTP/2.0' => ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", http(505)],
        'HTTP/1.10' => ["CONNECT $to HTTP/1.10\r\n\r\n", http('400|505')],
        'HTTP/1.x' => ["CONNECT $to HTTP/1.x\r\n\r\n", http(400)],
        'http/1.1' => ["CONNECT $to http/1.1\r\n\r\n", http(400)],
        'a method in lower case' => ["connect $to HTTP/1.1\r\n\r\n", http(405)],
        'GET of something else' => ["GET http://$to/ HTTP/1.1\r\nHost: $to\r\n\r\n", http(405)],
        'GET of us' => ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", http(405)],
        'a long method' => ['X' x 200 . " $to HTTP/1.1\r\n\r\n", http(400)],
        'POST with requests as its body' => ["POST / HTTP/1.1\r\nContent-Length: 99\r\n\r\nBIND 127.0.0.1:0\r\n$head", http(405)],
        'two blanks' => ["CONNECT  $to HTTP/1.1\r\n\r\n", http(400)],
        'two blanks before the version' => ["CONNECT $to  HTTP/1.1\r\n\r\n", http(400)],
        'a tab' => ["CONNECT\t$to HTTP/1.1\r\n\r\n", http(400)],
        'a blank behind the version' => ["CONNECT $to HTTP/1.1 \r\n\r\n", http(400)],
        'a blank before all' => [" CONNECT $to HTTP/1.1\r\n\r\n", http(400)],
        'a request as the first field' => ["CONNECT $to HTTP/1.1\r\nCONNECT $to HTTP/1.1\r\n\r\n", http(400)],
        'a whole address' => ["CONNECT http://$to/ HTTP/1.1\r\n\r\n", http(400)],
        'a user in the target' => ["CONNECT ops:geheim\@$to HTTP/1.1\r\n\r\n", http('40[03]|502')],
        'a path' => ["CONNECT /etc/passwd:1 HTTP/1.1\r\n\r\n", http(400)],
        'no port' => ["CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n", http(400)],
        'an empty port' => ["CONNECT 127.0.0.1: HTTP/1.1\r\n\r\n", http('40\d|502')],
        'port 0' => ["CONNECT 127.0.0.1:0 HTTP/1.1\r\n\r\n", http('40\d|502')],
        'port 65536' => ["CONNECT 127.0.0.1:65536 HTTP/1.1\r\n\r\n", http('40\d|502')],
        'port +1' => ["CONNECT 127.0.0.1:+1 HTTP/1.1\r\n\r\n", http('40\d|502')],
        'port 0x50' => ["CONNECT 127.0.0.1:0x50 HTTP/1.1\r\n\r\n", http('40\d|502')],
        'port 4294967376' => ["CONNECT 127.0.0.1:4294967376 HTTP/1.1\r\n\r\n", http('40\d|502')],
        'an empty name' => ["CONNECT :$T HTTP/1.1\r\n\r\n", http('40\d|502')],
        'every address' => ["CONNECT *:$T HTTP/1.1\r\n\r\n", http('40\d|502')],
        'octal' => ["CONNECT 0177.0.0.1:$T HTTP/1.1\r\n\r\n", http('40\d|502')],
        'IPv6 without brackets' => ["CONNECT ::1:$T HTTP/1.1\r\n\r\n", http('40\d|502')],
        'half a bracket' => ["CONNECT [::1:$T HTTP/1.1\r\n\r\n", http('40\d|502')],
        'a zone' => ["CONNECT [fe80::1%25lo]:$T HTTP/1.1\r\n\r\n", http('40\d|502')],
        'a rendezvous name' => ["CONNECT name:80 HTTP/1.1\r\n\r\n", http(400)],
        'an option' => ["CONNECT -t=60:80 HTTP/1.1\r\n\r\n", http('40\d|502')],
        'two targets' => ["CONNECT $to -t=5 HTTP/1.1\r\n\r\n", http(400)],
        'a dot behind the name' => ["CONNECT localhost.:$T HTTP/1.1\r\n\r\n", "$established|" . http('40\d|502')],
        'a target of 513' => ['CONNECT ' . 'x' x 511 . ":1 HTTP/1.1\r\n\r\n", http(414)],
        'a target of 9000' => ['CONNECT ' . 'x' x 9000 . " HTTP/1.1\r\n\r\n", http(414)],
        'a target without end' => ['GET /' . 'x' x 9000, http(414)],
        'a wrong password' => ["CONNECT $to HTTP/1.1\r\n" . basic('nobody2:x') . "\r\n", http('40[37]')],
        'no colon in the password' => ["CONNECT $to HTTP/1.1\r\n" . basic('ops') . "\r\n", http('40[037]')],
        'a NUL in the password' => ["CONNECT $to HTTP/1.1\r\n" . basic("ops:geheim\0") . "\r\n", http('40[037]')],
        'a user of 255' => ["CONNECT $to HTTP/1.1\r\n" . basic('u' x 255 . ':x') . "\r\n", http('4(?:0[037]|31)')],
        'Digest' => ["CONNECT $to HTTP/1.1\r\nProxy-Authorization: Digest a=b\r\n\r\n", http('40[037]')],
        'Basic without more' => ["CONNECT $to HTTP/1.1\r\nProxy-Authorization: Basic\r\n\r\n", http('40[037]')],
        'Basic of no base64' => ["CONNECT $to HTTP/1.1\r\nProxy-Authorization: Basic %%%\r\n\r\n", http('40[037]')],
        'a password of 600' => ["CONNECT $to HTTP/1.1\r\n" . basic('a:' . 'b' x 600) . "\r\n", http('4(?:0[037]|31)')],
        '64 fields' => ["CONNECT $to HTTP/1.1\r\n" . "A: b\r\n" x 64 . "\r\n", $established],
        '65 fields' => ["CONNECT $to HTTP/1.1\r\n" . "A: b\r\n" x 65 . "\r\n", http(431)],
        'a field of 9000' => ["CONNECT $to HTTP/1.1\r\nA: " . 'b' x 9000 . "\r\n\r\n", http(431)],
        'a head of 9000 without end' => ["CONNECT $to HTTP/1.1\r\n" . 'A: ' . 'b' x 9000, http(431)],
        'a head without end' => ["CONNECT $to HTTP/1.1\r\nA: b\r\n", ''],
    );
    $t{'IPv6'} = ["CONNECT [::1]:$T6 HTTP/1.1\r\n\r\nword", "${established}word"] if $T6;
    case("HTTP: $_", 'plain', @{ $t{$_} }) for sort keys %t;
    case("HTTP: $_, behind PROXY", 'proxy', proxy2() . $t{$_}[0], $t{$_}[1]) for 'LF alone', 'port 65536', 'a body';
    # Not in clear over a network: 403, and no word that asks for one.
    case('HTTP: a password over a network', 'proxy', proxy1() . $t{'the right password'}[0],
        'HTTP/1\.1 403 (?:(?!Proxy-Authenticate).)*');
    my %metrics = (
        'a good one' => ["GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1\\.1 200 .*vsapd_.*"],
        'HEAD' => ["HEAD /metrics HTTP/1.1\r\n\r\n", "HTTP/1\\.1 200 .*\r\n\r\n"],
        'another path' => ["GET /metrics/../x HTTP/1.1\r\n\r\n", http(404)],
        'two requests' => ["GET /metrics HTTP/1.1\r\n\r\n" x 2, "HTTP/1\\.1 200 (?:(?!HTTP/1).)*"],
        'CONNECT' => [$head, http(405)],
        'a line of VSAP' => ["STAT\r\n", http(400)],
        'SOCKS' => [$hi, http(400)],
        'NUL' => ["\0\0\0\0", http(400)],
        'no end' => ["GET /metrics HTTP/1.1\r\n", ''],
        'a body' => ["GET /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", http(400)],
    );
    case("metrics: $_", 'metrics', @{ $metrics{$_} }) for sort keys %metrics;
    cut('metrics', 'metrics', '', $metrics{'a good one'}[0], '');
}

1;
