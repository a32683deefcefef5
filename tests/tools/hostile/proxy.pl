# PROXY headers and TLS records, good, odd and none (hostile.pl).
package main;
use strict;
use warnings;
our ($T, $ip, $hi);

# ---- PROXY headers -------------------------------------------------------------

our $SIG2 = "\r\n\r\n\0\r\nQUIT\n";
our $far = 1;
sub far_ip { $far = $far % 250 + 1; return "198.51.100.$far" }
sub proxy1 { 'PROXY TCP4 ' . far_ip() . " 192.0.2.1 1000 2000\r\n" }
sub pack2 { my ($cmd, $fam, $block) = @_; return $SIG2 . pack 'CCn/a', $cmd, $fam, $block }
sub four { pack 'C4C4nn', split(/\./, far_ip()), 192, 0, 2, 1, 1000, 2000 }
sub tlv { join '', map { pack 'Cn/a', @$_ } @_ }
sub proxy2 { pack2(0x21, 0x11, four() . tlv(@_)) }
sub proxy_local { pack2(0x20, 0, '') }
sub proxy_unknown { "PROXY UNKNOWN\r\n" }

# ---- PROXY headers that are none, or odd --------------------------------------------

sub proxy_cases {
    my $ask = "ECHO x\r\nQUIT\r\n";
    my $told = 'VSAP/0\.1 200 [^\r\n]*\] x\r\nVSAP/0\.1 280 [^\r\n]*\r\n';
    my $path = pack 'a108a108', '/a', '/b';
    my %good = (
        'version 1' => proxy1(), 'version 2' => proxy2(), 'LOCAL' => proxy_local(), 'UNKNOWN' => proxy_unknown(),
        'UNKNOWN with addresses' => "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n",
        'version 1, IPv6' => "PROXY TCP6 2001:db8::7 ::1 1 65535\r\n",
        'version 2, IPv6' => pack2(0x21, 0x21, "\x20\1\x0d\xb8" . "\0" x 12 . "\0" x 16 . pack 'nn', 1, 2),
        'version 2, UNIX' => pack2(0x21, 0x31, $path),
        'TLVs' => proxy2([4, ''], [0x20, "\1\0\0\0\0"], [0xea, 'x' x 99]),
        'LOCAL with addresses' => pack2(0x20, 0x11, four()),
        'UNSPEC' => pack2(0x21, 0, ''),
    );
    for my $g (sort keys %good) {
        my $p = $good{$g};
        for my $n (1 .. length($p) - 1) {
            next if $n > 60 && $n < length($p) - 3;
            case("PROXY $g, split behind $n", 'proxy', $p . $ask, $told, how => $n);
        }
        case("PROXY $g", 'proxy', $p . $ask, $told);
        case("PROXY $g, by bytes", 'proxy', $p . $ask, $told, how => 'drip') if length $p < 120;
        case("PROXY $g, where none is wanted", 'plain', $p . $ask, 'VSAP/0\.1 50[01] .*') ;
        # The second one is what the peer says, and no header any more.
        case("PROXY $g twice", 'proxy', $p . $p . $ask, 'VSAP/0\.1 50[01] .*');
        case("PROXY $g, then version 1", 'proxy', $p . "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n$ask",
            "VSAP/0\\.1 500 [^\r\n]*\r\n$told");
    }
    cut('PROXY version 1', 'proxy', '', proxy1(), '');
    cut('PROXY version 2', 'proxy', '', proxy2([4, 'abc']), '');
    my %bad = (
        'no header, a line' => $ask, 'no header, SOCKS' => $hi . five(1, 1, $ip, $T),
        'no header, HTTP' => "CONNECT 127.0.0.1:$T HTTP/1.1\r\n\r\n",
        'no header, TLS' => "\x16\3\1\2\0\1",
        'LF alone' => "PROXY TCP4 198.51.100.1 192.0.2.1 1 2\n",
        'CR alone' => "PROXY TCP4 198.51.100.1 192.0.2.1 1 2\rECHO x\r\n",
        'lower case' => "proxy TCP4 198.51.100.1 192.0.2.1 1 2\r\n",
        'TCP5' => "PROXY TCP5 198.51.100.1 192.0.2.1 1 2\r\n",
        'IPv6 in TCP4' => "PROXY TCP4 ::1 ::1 1 2\r\n",
        'IPv4 in TCP6' => "PROXY TCP6 198.51.100.1 192.0.2.1 1 2\r\n",
        'port 65536' => "PROXY TCP4 198.51.100.1 192.0.2.1 1 65536\r\n",
        'port 00' => "PROXY TCP4 198.51.100.1 192.0.2.1 00 1\r\n",
        'port -1' => "PROXY TCP4 198.51.100.1 192.0.2.1 -1 1\r\n",
        'three fields' => "PROXY TCP4 198.51.100.1 192.0.2.1 1\r\n",
        'six fields' => "PROXY TCP4 198.51.100.1 192.0.2.1 1 2 3\r\n",
        'two blanks' => "PROXY  TCP4 198.51.100.1 192.0.2.1 1 2\r\n",
        'octal' => "PROXY TCP4 0198.51.100.1 192.0.2.1 1 2\r\n",
        'a NUL' => "PROXY TCP4 198.51.100.1\0 192.0.2.1 1 2\r\n",
        'bytes above 0x7f' => "PROXY TCP4 198.51.100.\xb2 192.0.2.1 1 2\r\n",
        'no end' => 'PROXY UNKNOWN ' . 'x' x 2000,
        '108 bytes' => 'PROXY UNKNOWN ' . 'x' x 92 . "\r\n",
        'version 3' => pack2(0x31, 0x11, four()), 'version 0' => pack2(0x01, 0x11, four()),
        'command 2' => pack2(0x22, 0x11, four()), 'family 4' => pack2(0x21, 0x41, four()),
        'UDP' => pack2(0x21, 0x12, four()), 'transport 3' => pack2(0x21, 0x13, four()),
        'too short for IPv4' => pack2(0x21, 0x11, substr four(), 0, 11),
        'too short for IPv6' => pack2(0x21, 0x21, "\0" x 35),
        'too short for UNIX' => pack2(0x21, 0x31, "\0" x 215),
        'a length of 65535' => $SIG2 . "\x21\x11\xff\xff" . four() x 900,
        'a length of 600' => pack2(0x21, 0x11, four() . tlv([4, 'x' x 585])),
        'a TLV beyond the end' => pack2(0x21, 0x11, four() . "\4\0\xffab"),
        'half a TLV' => pack2(0x21, 0x11, four() . "\4\0"),
        'half a signature' => substr($SIG2, 0, 7) . "x" x 20,
    );
    case("PROXY: $_", 'proxy', $bad{$_} . $ask, '') for sort keys %bad;
    case('PROXY: TLS behind it, where there is none', 'proxy', proxy1() . client_hello(), '');
    case('PROXY: TLS behind it', 'proxytls', proxy1() . client_hello(), "\x16\3.*", then => 'wait');
    case('PROXY: TLS behind version 2, by bytes', 'proxytls', proxy2() . client_hello(), "\x16\3.*", then => 'wait', how => 'drip');
    case('PROXY: plain behind it, where there is both', 'proxytls', proxy2() . $ask, $told);
}

# ---- TLS ---------------------------------------------------------------------------

sub ext { pack 'n n/a', @_ }
# A hello of TLS 1.3 and 1.2.
sub client_hello_body {
    my $random = join '', map { chr int rand 256 } 1 .. 32;
    my $ext = ext(0, pack 'n/a', pack 'C n/a', 0, 'localhost') . ext(10, pack 'n/a', pack 'nn', 0x1d, 0x17) .
        ext(11, "\1\0") . ext(13, pack 'n/a', pack 'n*', 0x0403, 0x0804, 0x0401) .
        ext(43, pack 'C/a', pack 'nn', 0x0304, 0x0303) .
        ext(51, pack 'n/a', pack 'n n/a', 0x1d, join '', map { chr int rand 256 } 1 .. 32);
    my $body = pack 'n a32 C/a n/a C/a n/a', 0x0303, $random, '', pack('n*', 0x1301, 0x1303, 0xc02b, 0xc02f), "\0", $ext;
    return "\1" . substr(pack('N', length $body), 1) . $body;
}
sub record { pack 'C n n/a', $_[2] // 0x16, $_[1] // 0x0301, $_[0] }
sub client_hello { record(client_hello_body()) }

sub tls_cases {
    my $hello = client_hello();
    my $server = "\x16\3.*";
    my $alert = "(?:\x15\3[\0-\4]\\0\2..)?";
    my $body = client_hello_body();

    case("TLS, a hello $_", 'tls', $hello, $server, how => $_) for qw(whole drip 1 5 6 20);
    case('TLS, a hello in records of one byte', 'tls', join('', map { record($_) } split //, $body), "$server|$alert");
    case('TLS, a hello in two records', 'tls', record(substr $body, 0, 50) . record(substr $body, 50), $server);
    case('TLS, a hello, and silence', 'tls', $hello, $server, then => 'wait', stays => 1);
    cut('TLS, a hello', 'proxytls', proxy1(), $hello, $alert);
    my %t = (
        'rubbish' => "\x16\3\1\2\0" . 'rubbish' x 99, 'a record of nothing' => record(''),
        'a record of 65535' => "\x16\3\1\xff\xff" . 'x' x 70000,
        'a record of 16385' => record("\1" . 'x' x 18000), 'version 2.0' => "\x16\2\0\0\5abcde",
        'version 9.9' => "\x16\x09\x09\0\5abcde", 'SSL 3.0 alone' => record($body, 0x0300),
        'a hello of 16 MB' => record("\1\xff\xff\xff" . 'x' x 4000), 'a wrong length within' => record("\1\0\0\5" . 'x' x 100),
        'a server hello' => record("\2" . substr $body, 1), 'a hello request' => record("\0\0\0\0"),
        'a hello, then rubbish' => $hello . "\x17\3\3\0\5abcde", 'a hello, then a line' => $hello . "ECHO x\r\n",
        'a hello, then an alert' => $hello . "\x15\3\1\0\2\2\x28", 'two hellos' => $hello . $hello,
        'a hello of NULs' => record("\1\0\0\x80" . "\0" x 128),
    );
    case("TLS: $_", 'tls', $t{$_}, "(?:\x16\3.*)?$alert|\x15\3.*") for sort keys %t;
    # Records that begin no connection.
    case("TLS: $_->[0]", 'tls', $_->[1], "(?:VSAP/0\\.1 50[01] [^\r\n]*\r\n)*")
        for ['an alert alone', "\x15\3\1\0\2\2\x28"], ['data alone', "\x17\3\3\0\5abcde"], ['SSL 2', "\x80\x2e\1\3\1\0\x15\0\0\0\x10"];
    case("TLS where there is none, $_", 'plain', $hello, '', how => $_) for qw(whole drip);
}

1;
