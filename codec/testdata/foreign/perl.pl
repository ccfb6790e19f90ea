# Writes perl.golden: what Data::MessagePack of Perl writes.
use strict;
use warnings;
use utf8;
use Data::MessagePack;

my $mp = Data::MessagePack->new->utf8->canonical;
my @values = (["nil", undef], ["true", Data::MessagePack::true()], ["false", Data::MessagePack::false()]);
push @values, ["int $_", $_ + 0] for 0, 1, 127, 128, 255, 256, 65535, 65536, 2147483647, 2147483648, 4294967295, 4294967296, 9007199254740992, 9223372036854775807,
    -1, -32, -33, -128, -129, -32768, -32769, -2147483648, -2147483649, -9007199254740992;
push @values, (
    ["float 1.5", 1.5], ["float -0.1", -0.1], ["float 1e300", 1e300],
    ["text empty", ""], ["text", "é€😀"], ["text 31", "x" x 31], ["text 32", "x" x 32], ["text 300", "x" x 300],
    ["array empty", []], ["array", [1, "a", undef]], ["array 20", [0 .. 19]],
    ["map empty", {}], ["map", {a => 1, b => [Data::MessagePack::true()]}], ["map 20", {map { ("k$_", $_) } 0 .. 19}],
    ["nested", {user => {name => "Ada", tags => ["x"]}, list => [{id => 1}, {id => 2}], none => []}],
    ["order", {ID => 300, Total => 12.5, Paid => Data::MessagePack::true(), Tags => ["gift"], Attrs => {}, Note => undef, Count => {a => 1}}],
);
open my $out, ">", "perl.golden" or die;
print $out "# Data::MessagePack $Data::MessagePack::VERSION, Perl $^V\n";
print $out $_->[0], "\t", unpack("H*", $mp->pack($_->[1])), "\n" for @values;
