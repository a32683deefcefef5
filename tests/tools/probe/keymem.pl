#!/usr/bin/perl
# keymem.pl KEY.pem PID: is the key in the memory of that process?
#
# Looked for are a line of the file, and the secret number of an EC key, as it
# stands in the file and as a library keeps it (its bytes the other way round).
# Prints what was found.  Exit status: 0 found, 1 not, 2 cannot be told.
use strict;
use warnings;
use MIME::Base64;

use constant CHUNK => 1 << 24;
use constant OVERLAP => 256;

my ($path, $pid) = @ARGV;

sub give_up {
	print STDERR "keymem.pl: @_\n";
	exit 2;
}

open(my $f, '<', $path) or give_up("$path: $!");
my @lines = grep { !/^-/ } <$f>;
chomp @lines;
my $der = decode_base64(join '', @lines);
$der =~ /\x02\x01\x01\x04\x20(.{32})/s
	or give_up("$path: no EC key of 256 bits");
my %form = (
	'a line of the file' => $lines[0],
	'the number' => $1,
	'the number, turned round' => scalar reverse $1,
);

my (%found, $bytes);

sub look {
	my ($mem, $from, $to) = @_;
	my $rest = '';

	while ($from < $to) {
		my $n = $to - $from < CHUNK ? $to - $from : CHUNK;
		sysseek($mem, $from, 0) or return;
		my $got = sysread($mem, my $p, $n) or return;
		$bytes += $got;
		$from += $got;
		$p = $rest . $p;
		for (keys %form) {
			$found{$_} = 1 if index($p, $form{$_}) >= 0;
		}
		$rest = length $p > OVERLAP ? substr($p, -OVERLAP) : $p;
	}
}

open(my $maps, '<', "/proc/$pid/maps") or give_up("/proc/$pid/maps: $!");
open(my $mem, '<:raw', "/proc/$pid/mem") or give_up("/proc/$pid/mem: $!");
while (<$maps>) {
	next unless /^([0-9a-f]+)-([0-9a-f]+) r/;
	next if /\[v(var|var_vclock|syscall)\]/;
	look($mem, hex $1, hex $2);
}
give_up("nothing of its memory could be read") unless $bytes;
print "$_\n" for sort keys %found;
exit(%found ? 0 : 1);
