# Lines of VSAP, SCRAM in them, and what nobody knows (hostile.pl).
package main;
use strict;
use warnings;
use MIME::Base64;
our ($T);

# ---- VSAP ---------------------------------------------------------------------------

our $fine = "VSAP/0\\.1 200 [^\r\n]*\r\n";
our $bye = "VSAP/0\\.1 280 [^\r\n]*\r\n";
sub refusal { return "VSAP/0\\.1 (?:$_[0]) [^\r\n]*\r\n" }

sub vsap_cases {
    my $replies = "(?:VSAP/0\\.1 \\d\\d\\d[ -][^\r\n]*\r\n)*";
    my $to = "127.0.0.1:$T";
    my $stream = "CONNECT $to\r\nRELAY\r\n";

    good('VSAP', "ECHO x\r\n${stream}word", $fine . refusal(240) . 'word', sub {
        my ($n, $silent) = @_;
        my $over = $n - length("ECHO x\r\n") - length $stream;
        return ($fine . refusal(240) . part('word', $over), 1) if $over >= 0;
        return $replies });
    my $holds = "VSAP/0.1 echo\nHELP QUIT\r\nBIND name:h$$\r\n";
    good('VSAP, all requests', "${holds}LISTEN 5\r\nSTAT\r\nFORWARD $to\r\nBREAK\r\nQUIT\r\n", $replies, sub {
        my $begun = substr "${holds}LISTEN 5\r\nSTAT\r\nFORWARD $to\r\n", 0, $_[0];
        return ($replies, $_[0] >= length $holds && $begun =~ /\n\z/ || $begun =~ /FORWARD.*\n/) });
    case('VSAP, a stream with a request behind it', 'plain', "${stream}BIND 127.0.0.1:0\r\nQUIT\r\n",
        refusal(240) . "BIND 127.0.0.1:0\r\nQUIT\r\n");
    my %t = (
        'a line of 1023' => ['ECHO ' . 'x' x 1018 . "\r\nQUIT\r\n", $fine . $bye],
        'a line of 1024' => ['ECHO ' . 'x' x 1019 . "\r\nQUIT\r\n", refusal(501)],
        'a line without end' => ['x' x 9000, refusal(501)],
        'a line of blanks without end' => [' ' x 9000, refusal(501)],
        'a NUL in a line' => ["ECHO a\0b\r\nQUIT\r\n", refusal(501)],
        'NULs' => ["\0" x 3000, refusal(501)],
        '64 words' => ['ECHO' . ' x' x 64 . "\r\nQUIT\r\n", $fine . $bye],
        '65 words' => ['ECHO' . ' x' x 65 . "\r\nQUIT\r\n", refusal(501)],
        'CR alone' => ["ECHO a\rQUIT\r\n", $fine],
        'LF alone' => ["ECHO a\nQUIT\n", $fine . $bye],
        'empty lines' => ["\r\n\r\n\nQUIT\r\n", $replies . $bye],
        'bytes above 0x7f' => ["ECHO \xff\xfe\x80\r\nQUIT\r\n", $fine . $bye],
        'bytes above 0x7f as a verb' => ["\xff\xfe\r\nQUIT\r\n", refusal(500) . $bye],
        'control bytes in an address' => ["CONNECT \x1b[2J\x07:1\r\nQUIT\r\n", refusal('5\d\d|410') . $bye],
        'no such verb' => ["FROB\r\nQUIT\r\n", refusal(500) . $bye],
        '20 errors' => ["FROB\r\n" x 20 . "ECHO x\r\n", refusal(500) x 16 . refusal(501)],
        'another version' => ["VSAP/9.9 ECHO x\r\nQUIT\r\n", $fine . $bye],
        'a version alone' => ["VSAP/0.1\r\nQUIT\r\n", refusal(500) . $bye],
        'RELAY of nothing' => ["RELAY\r\nECHO x\r\n", refusal(501)],
        'something behind QUIT' => ["QUIT\r\nECHO x\r\n", $bye],
        'a field of HTTP' => ["Host: x\r\nECHO x\r\n", ''],
        'a request of a web browser without a version' => ["GET /\r\nQUIT\r\n", refusal(500) . $bye],
        'port 0' => ["CONNECT 127.0.0.1:0\r\nQUIT\r\n", refusal('540|410') . $bye],
        'port 65536' => ["CONNECT 127.0.0.1:65536\r\nQUIT\r\n", refusal('5\d\d') . $bye],
        'IPv6 without brackets' => ["CONNECT ::1:80\r\nQUIT\r\n", refusal('5\d\d|410') . $bye],
        'an empty name' => ["CONNECT name:\r\nQUIT\r\n", refusal('5\d\d|410') . $bye],
        'a name of 300' => ['CONNECT ' . 'x' x 300 . ":1\r\nQUIT\r\n", refusal('5\d\d|410') . $bye],
        'a descriptor' => ["CONNECT fd:0\r\nQUIT\r\n", refusal('5\d\d|410') . $bye],
        'a command' => ["BIND exec:id\r\nQUIT\r\n", refusal('5\d\d|410') . $bye],
        'a path upwards' => ["BIND /../x\r\nQUIT\r\n", refusal('5\d\d|410') . $bye],
        'RELAY -f over TCP' => ["CONNECT $to\r\nRELAY -f\r\nQUIT\r\n", refusal(240) . refusal(500) . $bye],
        'negative numbers' => ["BIND name:n$$ -l=-1\r\nLISTEN -5\r\nACCEPT -t=-1\r\nQUIT\r\n", $replies . $bye],
        'a number without end' => ['LISTEN ' . '9' x 900 . "\r\nQUIT\r\n", refusal('5\d\d') . $bye],
        'no name in AUTH' => ["AUTH :x\r\nQUIT\r\n", refusal(410) . $bye],
        'no password in AUTH' => ["AUTH nobody3:\r\nQUIT\r\n", refusal(410) . $bye],
        'AUTH of 255 bytes' => ['AUTH ' . 'u' x 255 . ":x\r\nQUIT\r\n", refusal(410) . $bye],
        'AUTH alone' => ["AUTH\r\nQUIT\r\n", refusal(500) . $bye],
    );
    case("VSAP: $_", 'plain', @{ $t{$_} }) for sort keys %t;
    case("VSAP: $_, behind PROXY", 'proxy', proxy1() . $t{$_}[0], $t{$_}[1]) for 'a line without end', 'a NUL in a line', 'CR alone';
    case("VSAP, by bytes: $_", 'plain', @{ $t{$_} }, how => 'drip')
        for 'a NUL in a line', 'empty lines', 'CR alone', 'a field of HTTP';
}

# ---- SCRAM -------------------------------------------------------------------------

sub scram { join('', map { 'AUTH SCRAM-SHA-256 ' . encode_base64($_, '') . "\r\n" } @_) . "QUIT\r\n" }

sub scram_cases {
    my $first = 'n,,n=ops,r=fyko+d2lbbFgONRv9qkxdawL';
    my $no = refusal(410);
    my $yes = refusal(330);

    case('SCRAM, a challenge', 'plain', scram($first), $yes . $bye);
    case('SCRAM, a challenge over a network', 'proxy', proxy1() . scram($first), $yes . $bye);
    case("SCRAM, $_ bytes of the first message", 'plain', scram(substr $first, 0, $_), "(?:$no|$yes)$bye")
        for 1 .. length $first;
    # What is said in one line may not be whole either.
    my $said = scram($first);
    cut('SCRAM, a line', 'plain', '', substr($said, 0, index $said, "\r"), "(?:$no|$yes|" . refusal(500) . ')?');
    my %t = (
        'y as the flag' => 'y,,n=ops,r=abc', 'an identity' => 'n,a=root,n=ops,r=abc', 'no name' => 'n,,n=,r=abc',
        'an unknown name' => 'n,,n=zoe,r=abc', '=2C and =3D' => 'n,,n=a=2Cb=3D,r=abc');
    case("SCRAM: $_", 'plain', scram($t{$_}), "(?:$no|$yes)$bye") for sort keys %t;
    my %bad = (
        'binding' => 'p=tls-unique,,n=ops,r=abc', 'a flag that is none' => 'x,,n=ops,r=abc', 'no flag' => 'n=ops,r=abc',
        'an extension' => 'n,,m=x,n=ops,r=abc', 'no nonce' => 'n,,n=ops', 'an empty nonce' => 'n,,n=ops,r=',
        'a blank in the nonce' => 'n,,n=ops,r=a b', 'bytes above 0x7f in the nonce' => "n,,n=ops,r=\xff\xfe",
        'a NUL' => "n,,n=op\0s,r=abc", '=2X' => 'n,,n=a=2Xb,r=abc', 'a bare =' => 'n,,n=a=,r=abc',
        'no n' => 'n,,r=abc', 'a name of 300' => 'n,,n=' . 'u' x 300 . ',r=abc', 'a nonce of 600' => 'n,,n=ops,r=' . 'r' x 600,
        'nothing' => '', 'the final message first' => 'c=biws,r=abc,p=' . encode_base64('x' x 32, ''));
    case("SCRAM: $_", 'plain', scram($bad{$_}), '(?:' . refusal('410|500') . ")$bye") for sort keys %bad;
    my $final = 'c=biws,r=fyko+d2lbbFgONRv9qkxdawLx,p=';
    my %final = (
        'another nonce' => $final . encode_base64('x' x 32, ''), 'no proof' => 'c=biws,r=abc',
        'a short proof' => $final . encode_base64('x' x 31, ''), 'no base64' => "$final%%%%", 'nothing' => '',
        'another channel' => 'c=eSws,r=abc,p=' . encode_base64('x' x 32, ''), 'the first one again' => $first);
    case("SCRAM final: $_", 'plain', scram($first, $final{$_}), "$yes(?:" . refusal('410|500') . ")$bye") for sort keys %final;
    case('SCRAM: no base64', 'plain', "AUTH SCRAM-SHA-256 %%%\r\nQUIT\r\n", $no . $bye);
    case('SCRAM: base64 without end', 'plain', 'AUTH SCRAM-SHA-256 ' . 'QUJD' x 400, refusal(501));
    case('SCRAM: three words', 'plain', "AUTH SCRAM-SHA-256 QUJD QUJD\r\nQUIT\r\n", refusal('410|500') . $bye);
    case('SCRAM: then AUTH in clear', 'plain', "AUTH SCRAM-SHA-256 " . encode_base64($first, '') .
        "\r\nAUTH ops:geheim\r\nQUIT\r\n", $yes . $fine . $bye);
}

# ---- what nobody knows ----------------------------------------------------------------

sub odd_cases {
    for my $b (0 .. 255) {
        next if $b == 4 || $b == 5 || $b == 0x16;
        case(sprintf('first byte 0x%02x', $b), 'plain', chr($b) . "\r\nQUIT\r\n",
            "(?:VSAP/0\\.1 \\d\\d\\d [^\r\n]*\r\n)*");
    }
    srand 4711;
    for my $n (1 .. 60) {
        my $b = join '', map { chr int rand 256 } 1 .. int rand 3000;
        case("$n. noise", $_, $b, '.*') for qw(plain proxy tls metrics);
    }
}

1;
