# SOCKS 4, 4a and 5, and VSAP in binary (hostile.pl).
package main;
use strict;
use warnings;
our ($T, $T6);

# ---- SOCKS ---------------------------------------------------------------------

our $ip = pack 'C4', 127, 0, 0, 1;
our $ok4 = '\x00\x5a.{6}';
our $no4 = '\x00\x5b.{6}';
our $ok5 = '\x05\x00\x00\x01\x7f\x00\x00\x01..';
our $any5 = '\x05[\x01-\x08]\x00\x01\x00{6}';
sub no5 { sprintf '\x05\x%02x\x00\x01\x00{6}', $_[0] }
sub socks4 { my ($port, $user, $cd) = @_; pack('CCna4', 4, $cd // 1, $port, $ip) . "$user\0" }
sub socks4a { my ($port, $user, $host) = @_; pack('CCnN', 4, 1, $port, 1) . "$user\0$host\0" }
sub five { my ($cmd, $atyp, $addr, $port, $rsv) = @_; pack 'CCCCa*n', 5, $cmd, $rsv // 0, $atyp, $addr, $port }
sub name { pack 'C/a', $_[0] }
our $hi = "\5\1\0";
our $hello_login = "\5\1\2";
sub login { pack 'C C/a C/a', 1, @_ }

sub socks_cases {
    my $word = 'and the first of the stream';
    my $six = $T6 && five(1, 4, pack('N4', 0, 0, 0, 1), $T6);

    good('SOCKS 4', socks4($T, 'me') . $word, "$ok4$word", 
        sub { $_[0] < 11 ? '' : ($ok4 . part($word, $_[0] - 11), 1) });
    good('SOCKS 4a', socks4a($T, 'me', 'localhost'), $ok4, '');
    good('SOCKS 5', $hi . five(1, 1, $ip, $T) . $word, "\5\\0$ok5$word",
        sub { $_[0] < 3 ? '' : $_[0] < 13 ? "\5\\0" : ("\5\\0$ok5" . part($word, $_[0] - 13), 1) });
    good('SOCKS 5, a name', $hi . five(1, 3, name('localhost'), $T), "\5\\0$ok5", sub { $_[0] < 3 ? '' : "\5\\0" });
    good('SOCKS 5, IPv6', $hi . $six, "\5\\0\5\\0\\0\4\\0{15}\1..", sub { $_[0] < 3 ? '' : "\5\\0" }) if $six;
    # A password in clear is not taken over a network, so by this port alone.
    my $with = $hello_login . login('ops', 'geheim') . five(1, 1, $ip, $T);
    for my $how (qw(whole drip)) {
        case("SOCKS 5, a login, $how", 'plain', $with, "\5\2\1\\0$ok5", how => $how);
        case("SOCKS 5, a login over a network, $how", 'proxy', proxy1() . $with, "\5\xff", how => $how);
    }
    cut('SOCKS 5, a login', 'plain', $hello_login, login('ops', 'geheim'), "\5\2");
    good('SOCKS 5, BIND and nobody comes', $hi . five(2, 1, pack('C4', 0, 0, 0, 0), 0), "\5\\0$any5",
        sub { $_[0] < 3 ? '' : "\5\\0" });

    # A second request is the first of the stream, or nothing.
    for my $second (five(1, 1, $ip, $T), $hi . five(1, 1, $ip, $T), "CONNECT localhost:$T HTTP/1.1\r\n\r\n") {
        case('SOCKS 5 with something behind it', 'plain', $hi . five(1, 1, $ip, $T) . $second, "\5\\0$ok5\Q$second\E");
        case('SOCKS 4 with something behind it', 'plain', socks4($T, '') . $second, "$ok4\Q$second\E");
        case('SOCKS 5, refused, with something behind it', 'plain', $hi . five(1, 1, $ip, 1) . $second, "\5\\0" . no5(5));
        case('SOCKS 4, refused, with something behind it', 'plain', socks4(1, '') . $second, $no4);
    }
    my %first = (
        'no methods' => ["\5\0", ''],
        'methods that nobody has' => ["\5\3\1\3\x80", "\5\xff"],
        'all methods' => ["\5\xff" . join('', map { chr } 0 .. 254) . five(1, 1, $ip, $T), "\5\2"],
        '255 times the same method' => ["\5\xff" . "\0" x 255 . five(1, 1, $ip, $T), "\5\\0$ok5"],
        'a request without a hello' => [five(1, 1, $ip, $T), "\5(?:\\0|\xff)?(?:$any5)?"],
        'version 5, then 4' => [$hi . socks4($T, ''), "\5\\0(?:$any5)?"],
        'version 5, then 6' => [$hi . "\6\1\0\1$ip\0\x50", "\5\\0"],
        'version 5, then a line' => [$hi . "BIND 127.0.0.1:0\r\n", "\5\\0"],
        'two hellos' => [$hi . $hi, "\5\\0(?:$any5)?"],
    );
    case("SOCKS 5: $_", 'plain', @{ $first{$_} }) for sort keys %first;

    my %login = (
        'a wrong password' => [login('nobody', 'falsch'), "\1\1"],
        'no password' => [login('ops2', ''), "\1\1"],
        'no name' => [login('', 'geheim'), "\1[\1-\xff]"],
        'neither' => [login('', ''), "\1[\1-\xff]"],
        '255 bytes of each' => [login('u' x 255, 'p' x 255), "\1[\1-\xff]"],
        'a name of 64' => [login('u' x 64, 'p'), "\1\1"],
        'a name of 65' => [login('u' x 65, 'p'), "\1[\1-\xff]"],
        'bytes above 0x7f' => [login("\xff\xfe\x80", "\xc3\x28"), "\1\1"],
        'a NUL in the name' => [login("op\0s", 'geheim'), ''],
        'a NUL in the password' => [login('ops', "geheim\0"), ''],
        'a line end in the name' => [login("a\r\nQUIT", 'x'), "\1[\1-\xff]"],
        'another version' => ["\5" . substr(login('ops', 'geheim'), 1), ''],
        'version 0' => ["\0" . substr(login('ops', 'geheim'), 1), ''],
        'a request in place of it' => [five(1, 1, $ip, $T), ''],
    );
    case("SOCKS 5 login: $_", 'plain', $hello_login . $login{$_}[0] . five(1, 1, $ip, $T),
        "\5\2$login{$_}[1]") for sort keys %login;

    my %request = (
        'command 0' => [five(0, 1, $ip, $T), no5(7)],
        'UDP' => [five(3, 1, $ip, $T), no5(7)],
        'command 0x7f' => [five(0x7f, 1, $ip, $T), no5(7)],
        'command 9, a name' => [five(9, 3, name('x'), $T), no5(7)],
        'RSV' => [five(1, 1, $ip, $T, 1), no5(1)],
        'version 4 within' => ["\4" . substr(five(1, 1, $ip, $T), 1), "(?:$any5)?"],
        'an empty name' => [five(1, 3, name(''), $T), no5(1)],
        'a name of 255' => [five(1, 3, name('x' x 255), $T), $any5],
        'a name of 255 in labels' => [five(1, 3, name(join '.', ('x' x 63) x 4), $T), $any5],
        'a NUL in the name' => [five(1, 3, name("localhost\0.example.org"), $T), no5(1)],
        'a line end in the name' => [five(1, 3, name("localhost\r\nQUIT"), $T), no5(1)],
        'a blank in the name' => [five(1, 3, name('localhost -t=9'), $T), no5(1)],
        'bytes above 0x7f in the name' => [five(1, 3, name("\xe4\xf6\xfc"), $T), $any5],
        'a path as the name' => [five(1, 3, name('/etc/passwd'), $T), no5(1)],
        'a word of VSAP as the name' => [five(1, 3, name('name'), $T), $any5],
        'name:x as the name' => [five(1, 3, name('name:x'), $T), no5(1)],
        'fd:0 as the name' => [five(1, 3, name('fd:0'), $T), no5(1)],
        'an option as the name' => [five(1, 3, name('-t=5'), $T), $any5],
        'a wildcard as the name' => [five(1, 3, name('*'), $T), $any5],
        'octal as the name' => [five(1, 3, name('0177.0.0.1'), $T), no5(1)],
        'a number as the name' => [five(1, 3, name('2130706433'), $T), $any5],
        'an address as the name' => [five(1, 3, name('127.0.0.1'), $T), $ok5],
        'an address in brackets as the name' => [five(1, 3, name('[::1]'), $T), $any5],
        'a dot behind the name' => [five(1, 3, name('localhost.'), $T), "$ok5|$any5"],
        'dots alone' => [five(1, 3, name('..'), $T), $any5],
        'port 0' => [five(1, 1, $ip, 0), $any5],
        'every address' => [five(1, 1, "\0\0\0\0", $T), $any5],
        'every address of IPv6' => [five(1, 4, "\0" x 16, $T), $any5],
        'a closed port' => [five(1, 1, $ip, 1), no5(5)],
        'the cloud' => [five(1, 1, pack('C4', 169, 254, 169, 254), 80), no5(2)],
        'mapped loopback' => [five(1, 4, "\0" x 10 . "\xff\xff$ip", $T), $ok5],
        'broadcast' => [five(1, 1, "\xff" x 4, $T), $any5],
        map({ (sprintf('ATYP 0x%02x', $_) => [five(1, $_, $ip, $T), no5(8)]) } 0, 2, 5, 0x7f, 0x80, 0xff),
        map({ (sprintf('BIND, ATYP 0x%02x', $_) => [five(2, $_, $ip, $T), no5(8)]) } 0, 2, 0x80),
        'BIND by a name' => [five(2, 3, name('localhost'), 0), '.*'],
        'BIND of a path' => [five(2, 3, name('/tmp/x'), 0), $any5],
    );
    $request{'a name that is an address of IPv6'} = [five(1, 3, name('::1'), $T6), ".{22}|$any5"] if $T6;
    # What fails is the end: nothing behind it is taken for a request.
    case("SOCKS 5 request: $_", 'plain', $hi . $request{$_}[0] . five(1, 1, $ip, $T),
        "\5\\0(?:$request{$_}[1])" . ($request{$_}[1] eq $ok5 ? '.*' : '(?:\x05\x01\x00\x01.*)?'))
        for grep { $request{$_}[1] =~ /\.\*|\|/ or $request{$_}[1] eq $ok5 } sort keys %request;
    case("SOCKS 5 request: $_", 'plain', $hi . $request{$_}[0] . five(1, 1, $ip, $T), "\5\\0$request{$_}[1]")
        for grep { !($request{$_}[1] =~ /\.\*|\|/ or $request{$_}[1] eq $ok5) } sort keys %request;

    my %four = (
        'command 0' => [socks4($T, '', 0), $no4],
        'command 3' => [socks4($T, '', 3), $no4],
        'a binary code' => [socks4($T, '', 0x80), $no4],
        'a binary BIND' => [socks4($T, '', 0x81), $no4],
        'a user of 255' => [socks4($T, 'u' x 255), $ok4],
        'a user of 256' => [socks4($T, 'u' x 256), $no4],
        'a user without end' => [substr(socks4($T, ''), 0, 8) . 'u' x 9000, $no4],
        'bytes above 0x7f in the user' => [socks4($T, "\xff\xfe"), $ok4],
        'a line end in the user' => [socks4($T, "a\r\nb"), $no4],
        'port 0' => [socks4(0, ''), $no4],
        '4a, an empty name' => [socks4a($T, '', ''), $no4],
        '4a, a name of 255' => [socks4a($T, '', 'x' x 255), $no4],
        '4a, a name of 256' => [socks4a($T, '', 'x' x 256), $no4],
        '4a, a name without end' => [substr(socks4a($T, '', ''), 0, 9) . 'x' x 9000, $no4],
        '4a, a path' => [socks4a($T, '', '/tmp/x'), $no4],
        '4a, a line end' => [socks4a($T, '', "localhost\r\nQUIT"), $no4],
        '4a, bytes above 0x7f' => [socks4a($T, '', "\xe4"), $no4],
        'every address' => [pack('CCna4', 4, 1, $T, "\0\0\0\0") . "\0", $no4],
        'the cloud' => [pack('CCnC4', 4, 1, 80, 169, 254, 169, 254) . "\0", $no4],
    );
    case("SOCKS 4: $_", 'plain', @{ $four{$_} }) for sort keys %four;
}

# So many bytes of the stream come back.
sub part { my ($word, $n) = @_; return quotemeta substr $word, 0, $n }

# ---- VSAP in binary --------------------------------------------------------------

sub vsap { my ($cmd, $atyp, $addr, $port, $options) = @_;
    return pack('CCCCa*n', 5, $cmd, length $options, $atyp, $addr, $port) . $options }
# REP, code; the rest is the addresses and the text.
sub vreply { sprintf '\x05%s.(?:\x00..|\x01.{6}|\x04.{18}|\x80.[\x20-\x7e]*?\x00\x00)%s', $_[0],
    join '', map { sprintf '\x%02x', $_ } unpack 'CC', pack 'n', $_[1] }

sub binary_cases {
    my $echo = vreply('\x00', 200) . '.{4}\x00\x00\x00\[[^\]]*\] ';
    my $connect = vsap(0x84, 1, $ip, $T, '');
    my $relay = vsap(0x85, 0, '', 0, '');
    my $on = vreply('\x00', 240) . '.*?connected\.';

    good('binary ECHO', $hi . vsap(0x80, 0, '', 0, 'hi there'), "\5\\0${echo}hi there",
        sub { $_[0] < 3 ? '' : "\5\\0" });
    good('binary CONNECT, RELAY', $hi . $connect . $relay . 'word', "\5\\0${on}word", sub {
        $_[0] < 3 ? '' : $_[0] < 13 ? "\5\\0" : $_[0] < 19 ? "\5\\0$on" :
            ("\5\\0$on" . part('word', $_[0] - 19), 1) });
    good('binary BIND by text', $hi . vsap(0x81, 0x80, name('name:b' . $$), 0, '-l=5'), "\5\\0.*", '.*');

    # SID, ATYP, port, text
    my $malformed = vreply('[\x01-\x08]', 501) . '.{4}\x00\x00\x00a malformed request';
    my $unknown = vreply('\x07', 500) . '.{4}\x00\x00\x000x%02x is no command';
    my %v = (
        'an unknown code' => [vsap(0x8f, 0, '', 0, '') . vsap(0x80, 0, '', 0, 'x'), sprintf($unknown, 0x8f) . "${echo}x"],
        'an unknown code with an address' => [vsap(0xff, 1, $ip, $T, '-x'), sprintf($unknown, 0xff)],
        'code 0x88' => [vsap(0x88, 0, '', 0, ''), sprintf($unknown, 0x88)],
        'BIND without an address' => [vsap(0x81, 0, '', 0, ''), '\x05[\x01-\x08].*'],
        'a line end in the options' => [vsap(0x80, 0, '', 0, "a\r\nBIND :0"), $malformed],
        'a NUL in the options' => [vsap(0x80, 0, '', 0, "a\0b"), $malformed],
        'DEL in the options' => [vsap(0x80, 0, '', 0, "a\x7fb"), $malformed],
        '255 bytes of options' => [vsap(0x80, 0, '', 0, 'x' x 255), "${echo}x*"],
        '127 words of options' => [vsap(0x81, 1, $ip, 0, 'x ' x 127), '\x05[\x01-\x08].*'],
        'text with a blank' => [vsap(0x84, 0x80, name("127.0.0.1:$T -t=5"), 0, ''), $malformed],
        'text with a line end' => [vsap(0x84, 0x80, name("127.0.0.1:$T\r\nQUIT"), 0, ''), $malformed],
        'an empty text' => [vsap(0x84, 0x80, name(''), 0, ''), $malformed],
        'a text that is no address' => [vsap(0x84, 0x80, name('exec:id'), 0, ''), '\x05[\x01-\x08].*'],
        'a text with a port behind it' => [vsap(0x84, 0x80, name('name:none'), 99, ''), '\x05[\x01-\x08].*'],
        'ATYP 2' => [vsap(0x84, 2, $ip, $T, ''), vreply('\x08', 501) . '.{7}a malformed request'],
        'RELAY of nothing' => [vsap(0x85, 0, '', 0, '') . vsap(0x80, 0, '', 0, 'x'), '\x05[\x01-\x08].*(?<!x)'],
        'QUIT with something behind it' => [vsap(0x87, 0, '', 0, '') . vsap(0x80, 0, '', 0, 'x'), '\x05\x00.*bye\.'],
        'a CONNECT that is none of VSAP' => [vsap(0x80, 0, '', 0, 'x') . five(1, 1, $ip, $T), "${echo}x$ok5"],
        'a line' => ["ECHO x\r\n", ''],
        '20 errors' => [vsap(0x84, 1, $ip, 1, '') x 20, '\x05\x05.*good bye'],
    );
    case("binary: $_", 'plain', $hi . $v{$_}[0], "\5\\0(?:$v{$_}[1])") for sort keys %v;
}

1;
