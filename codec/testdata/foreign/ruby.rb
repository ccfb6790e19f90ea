# Writes ruby.golden: what the msgpack library of Ruby writes.
require "msgpack"

MessagePack::DefaultFactory.register_type(-1, Time, packer: MessagePack::Time::Packer, unpacker: MessagePack::Time::Unpacker)
at = Time.utc(2024, 2, 29, 12, 30, 0)
values = {"nil" => nil, "true" => true, "false" => false}
[0, 1, 127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**64 - 1,
 -1, -32, -33, -128, -129, -32768, -32769, -2**31, -2**31 - 1, -2**53, -2**63].each { |n| values["int #{n}"] = n }
values.merge!(
  "float 0" => 0.0, "float 1" => 1.0, "float 1.5" => 1.5, "float -0.1" => -0.1, "float 1e300" => 1e300,
  "float inf" => Float::INFINITY, "float -inf" => -Float::INFINITY, "float nan" => Float::NAN,
  "text empty" => "", "text" => "é€😀", "text symbol" => :symbol, "text 31" => "x" * 31, "text 32" => "x" * 32, "text 300" => "x" * 300,
  "binary empty" => "".b, "binary" => "\x00\xff".b, "binary 300" => ("\xff" * 300).b,
  "array empty" => [], "array" => [1, "a", nil], "array 20" => (0...20).to_a,
  "map empty" => {}, "map" => {"a" => 1, b: [true]}, "map 20" => (0...20).to_h { |i| ["k#{i}", i] }, "map of ints" => {1 => "a", 2 => "b"},
  "nested" => {user: {name: "Ada", tags: ["x"]}, list: [{id: 1}, {id: 2}], none: []},
  "time" => at, "time nanos" => Time.at(1709209800, 123456789, :nsec), "time old" => Time.utc(1600, 1, 1),
  "order" => {"ID" => 300, "Total" => 12.5, "Paid" => true, "Tags" => ["gift"], "Attrs" => {}, "Note" => nil, "At" => at, "Blob" => "\x00\xff".b, "Count" => {"a" => 1}},
)
File.open("ruby.golden", "w") do |out|
  out.puts "# msgpack #{MessagePack::VERSION}, Ruby #{RUBY_VERSION}"
  values.each { |name, v| out.puts name + "\t" + MessagePack.pack(v).unpack1("H*") }
end
