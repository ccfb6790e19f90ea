<?php
// Writes php.golden: what the msgpack extension of PHP writes.
$values = ["nil" => null, "true" => true, "false" => false];
foreach ([0, 1, 127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53, PHP_INT_MAX,
    -1, -32, -33, -128, -129, -32768, -32769, -2**31, -2**31 - 1, -2**53, PHP_INT_MIN] as $n) {
    $values["int $n"] = $n;
}
$values += [
    "float 0" => 0.0, "float 1" => 1.0, "float 1.5" => 1.5, "float -0.1" => -0.1, "float 1e300" => 1e300,
    "float inf" => INF, "float -inf" => -INF, "float nan" => NAN,
    "text empty" => "", "text" => "é€😀", "text 31" => str_repeat("x", 31), "text 32" => str_repeat("x", 32), "text 300" => str_repeat("x", 300),
    "binary" => "\x00\xff", "binary 300" => str_repeat("\xff", 300),
    "array empty" => [], "array" => [1, "a", null], "array 20" => range(0, 19),
    "map empty" => [], "map" => ["a" => 1, "b" => [true]], "map of ints" => [1 => "a", 2 => "b"],
    "nested" => ["user" => ["name" => "Ada", "tags" => ["x"]], "list" => [["id" => 1], ["id" => 2]], "none" => []],
    "order" => ["ID" => 300, "Total" => 12.5, "Paid" => true, "Tags" => ["gift"], "Attrs" => [], "Note" => null, "Blob" => "\x00\xff", "Count" => ["a" => 1]],
    "object" => (object) ["ID" => 300],
];
for ($i = 0; $i < 20; $i++) {
    $values["map 20"]["k$i"] = $i;
}
$out = "# msgpack " . phpversion("msgpack") . ", PHP " . PHP_VERSION . "\n";
foreach ($values as $name => $v) {
    $out .= $name . "\t" . bin2hex(msgpack_pack($v)) . "\n";
}
ini_set("msgpack.php_only", "0");
$out .= "object of others\t" . bin2hex(msgpack_pack((object) ["ID" => 300])) . "\n";
file_put_contents("php.golden", $out);
